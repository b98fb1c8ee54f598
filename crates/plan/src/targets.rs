//! Which jobs the command line names, with what they need.

use crate::cells;
use crate::faults;
use crate::file::parse_filter;
use crate::graph::Plan;
use std::collections::BTreeSet;

/// Which jobs the targets name; all of them where there are no targets.
pub fn named(plan: &Plan, targets: &[String]) -> Result<Vec<bool>, String> {
    let mut named = vec![targets.is_empty(); plan.jobs.len()];
    for target in targets {
        let (stage, filter) = match target.split_once('@') {
            None => (target.as_str(), Vec::new()),
            Some((stage, filter)) => {
                let help = || format!("target `{target}`: write STAGE@AXIS=VALUE,AXIS=VALUE");
                (stage, parse_filter(filter).ok_or_else(help)?)
            }
        };
        let members = || plan.processes.iter().filter(|process| process.stage == stage);
        if members().next().is_none() {
            let stages: BTreeSet<&str> = plan.processes.iter().map(|p| p.stage.as_str()).collect();
            return Err(format!("there is no stage `{stage}`; {}", faults::advice(stage, stages)));
        }
        let mut found = false;
        for (number, job) in plan.jobs.iter().enumerate() {
            let fits = |p: &usize| plan.processes[*p].stage == stage && plan.processes[*p].cell.has(&filter);
            if job.processes.iter().any(fits) {
                named[number] = true;
                found = true;
            }
        }
        if !found {
            let axes = cells::axes(members().map(|process| &process.cell));
            return Err(format!("no cell fits `{target}`; `{stage}` has {axes}"));
        }
    }
    Ok(named)
}

/// The named jobs and all that they need.
pub fn with_needs(plan: &Plan, named: &[bool]) -> Vec<bool> {
    let mut wanted = named.to_vec();
    // A job stands after all that it needs, so one pass from the end reaches everything.
    for (number, job) in plan.jobs.iter().enumerate().rev() {
        if wanted[number] {
            job.needs.iter().for_each(|need| wanted[*need] = true);
        }
    }
    wanted
}
