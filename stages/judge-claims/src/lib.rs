//! Judges claims: rules that were written down before and tables of statistics in, verdicts with their evidence out.

mod evidence;
mod judge;
mod measures;
mod missing;
mod outputs;
mod reading;
mod rules;
mod verdict;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Direction, Error, Format, Job, Output, Port, Stage};
use statistics::interval::Resampling;
use tables::catalogue;

use evidence::Evidence;
use rules::Rules;

const RULES: Port =
    Port::any_table("rules", Direction::Input, Format::Yaml, "The claims and what decides on them");
const SUMMARY: Port = Port::input("summary", &catalogue::SUMMARY, "Every training at every epoch").optional();
const ESTIMATES: Port =
    Port::input("estimates", &catalogue::ESTIMATES, "Distances from P(X) by every estimator")
        .many()
        .optional();
const THEORY: Port =
    Port::input("theory", &catalogue::THEORY, "How far the paper's formulas hold").many().optional();
const CLAIMS: Port = Port::output("claims", &catalogue::CLAIMS, "Every claim with its verdict");
const EVIDENCE: Port = Port::output("evidence", &catalogue::EVIDENCE, "Every number behind the verdicts");

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "judge-claims",
    version: env!("CARGO_PKG_VERSION"),
    about: "Judges claims by rules that were written down before, from tables of statistics.",
    example: "judge-claims --rules claims.yaml --summary summary.parquet --estimates e1.parquet --estimates e2.parquet \\\n    --theory theory.parquet --claims claims.parquet --evidence evidence.parquet",
    ports: &[&RULES, &SUMMARY, &ESTIMATES, &THEORY, &CLAIMS, &EVIDENCE],
    run,
};

/// The most bytes of a file of rules.
const MOST_BYTES: u64 = 1 << 20;

/// What can be set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Resamples behind each 95 % interval over seeds or datasets.
    #[schemars(range(min = 100, max = 1_000_000))]
    pub bootstrap_draws: u32,
    /// Seed of the resamples.
    pub seed: u32,
    /// Units with which a condition makes do that needs more: for many settings with few seeds each. With 1, one unit stands for
    /// itself and decides without an interval. With 0, the rules stand as they are written.
    pub most_needed: u32,
    /// The claims to judge, such as `C2,C3`; `all` of the file's.
    pub only: String,
}

impl Default for Params {
    fn default() -> Self {
        Params { bootstrap_draws: 10_000, seed: 1, most_needed: 0, only: "all".to_owned() }
    }
}

fn run(job: &Job, params: &Params) -> Result<(), Error> {
    let wrong = |detail: String| {
        let path = job.path(&RULES).unwrap_or_else(|| std::path::Path::new("?"));
        Error::input(RULES.name, format!("{}: {detail}", path.display()))
    };
    let text = job.text(&RULES, MOST_BYTES)?;
    let mut rules = reading::read(&text).map_err(wrong)?;
    if params.only.trim() != "all" {
        rules = only(rules, &params.only).map_err(|wrong| Error::param("only", wrong))?;
    }
    if params.most_needed > 0 {
        for claim in &mut rules.claims {
            for condition in claim.supposes.iter_mut().chain(&mut claim.decides) {
                condition.needs = condition.needs.min(params.most_needed as usize);
            }
        }
    }
    let evidence = Evidence {
        epochs: job.read_all(&SUMMARY, evidence::summary)?.concat(),
        estimates: job.read_all(&ESTIMATES, evidence::estimates)?.concat(),
        checks: job.read_all(&THEORY, evidence::theory)?.concat(),
    };
    let provenance = job.provenance()?;
    let resampling = Resampling { draws: params.bootstrap_draws as usize, seed: u64::from(params.seed) };
    let judged = judge::judge(rules, &evidence, resampling).map_err(wrong)?;
    Output::publish(vec![
        outputs::claims(job.create(&CLAIMS)?, &judged, &provenance)?,
        outputs::evidence(job.create(&EVIDENCE)?, &judged, &provenance)?,
    ])?;
    for one in &judged {
        let (claim, verdict) = (&one.claim, one.verdict.name());
        job.progress().note(&format!("{} {verdict}: {}", claim.id, claim.statement));
    }
    Ok(())
}

/// The rules of the claims that are named, in the order of the file.
fn only(mut rules: Rules, named: &str) -> Result<Rules, String> {
    let named: Vec<&str> = named.split(',').map(str::trim).collect();
    let ids: Vec<&str> = rules.claims.iter().map(|claim| claim.id.as_str()).collect();
    if let Some(unknown) = named.iter().find(|name| !ids.contains(name)) {
        let what = if unknown.is_empty() {
            "a name between two commas is missing".to_owned()
        } else {
            format!("the rules have no claim `{unknown}`")
        };
        return Err(format!("{what}; there are {}", ids.join(", ")));
    }
    rules.claims.retain(|claim| named.contains(&claim.id.as_str()));
    Ok(rules)
}
