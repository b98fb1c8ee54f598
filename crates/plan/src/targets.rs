//! What the command line says about the graph: targets with filters, and params set by hand.

use crate::cells;
use crate::faults::{self, Place};
use crate::file::{Given, Pipeline, parse_filter};
use crate::graph::Plan;
use crate::value::Value;
use crate::yaml::{self, Node};
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

/// Applies `--set STAGE.PARAM=VALUE`: sets a param, or makes the axis of that name have this one value.
pub fn set(pipeline: &mut Pipeline, text: &str) -> Result<(), String> {
    let help = || format!("--set {text}: write STAGE.PARAM=VALUE");
    let (name, value) = text.split_once('=').ok_or_else(help)?;
    let (stage, param) = name.split_once('.').ok_or_else(help)?;
    let value = match yaml::parse(value) {
        Ok(Node::Scalar(value)) => value,
        _ => Value::Text(value.to_owned()),
    };
    let given = Given { value, place: Place::Set(text.to_owned()) };
    let Some(found) = pipeline.stages.iter_mut().find(|s| s.name == stage) else {
        let names = pipeline.stages.iter().map(|s| s.name.as_str());
        return Err(format!("--set {text}: there is no stage `{stage}`; {}", faults::advice(stage, names)));
    };
    let mut is_axis = false;
    for (_, values) in found.matrix.iter_mut().flatten().filter(|(axis, _)| axis == param) {
        *values = vec![given.clone()];
        is_axis = true;
    }
    if !is_axis {
        found.params.retain(|(name, _)| name != param);
        found.params.push((param.to_owned(), given));
    }
    Ok(())
}
