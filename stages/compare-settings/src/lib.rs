//! Compares settings: the verdicts of many studies that differ in some params in, for which share of them each verdict holds out.

mod settings;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::lineage::{Recipe, recipe};
use stage::{Error, Job, Output, Port, Stage};
use tables::{Cells, Provenance, Reader, Writer, catalogue};

use settings::Setting;

const CLAIMS: Port = Port::input("claims", &catalogue::CLAIMS, "Verdicts, one file a setting").many();
const SENSITIVITY: Port =
    Port::output("sensitivity", &catalogue::SENSITIVITY, "Every claim's verdict with every setting");
const ROBUSTNESS: Port = Port::output(
    "robustness",
    &catalogue::ROBUSTNESS,
    "For how many settings each verdict holds, a claim a row",
);

/// The stage's declaration.
pub const STAGE: Stage<Params> = Stage {
    name: "compare-settings",
    version: env!("CARGO_PKG_VERSION"),
    about: "Says for which share of settings each verdict on a claim holds.",
    example: "compare-settings --claims adam/claims.parquet --claims sgd/claims.parquet \\\n    --sensitivity sensitivity.parquet --robustness robustness.parquet",
    ports: &[&CLAIMS, &SENSITIVITY, &ROBUSTNESS],
    run,
};

/// Nothing can be set.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {}

/// A claim's verdict with one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    claim: String,
    verdict: String,
    found: String,
    rule: String,
    units: String,
    count: i32,
    needed: i32,
}

fn run(job: &Job, _: &Params) -> Result<(), Error> {
    let studies = job.read_all(&CLAIMS, read)?;
    let provenance = job.provenance()?;
    let recipes: Vec<&Recipe> = studies.iter().map(|study| &study.recipe).collect();
    let settings = settings::of(&recipes);
    let two = |one: usize, another: usize, what: &str| {
        let [one, another] = [one, another].map(|index| job.paths(&CLAIMS)[index].display());
        Error::input(CLAIMS.name, format!("{one} and {another} {what}"))
    };
    if let Some((one, another)) = settings::first_pair(&settings) {
        let what = "were made with the same params, whatever they were judged with; give each setting once";
        return Err(two(one, another, what));
    }
    let mut rules: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (index, study) in studies.iter().enumerate() {
        for Verdict { claim, rule, .. } in &study.verdicts {
            let (first, known) = rules.entry(claim).or_insert((index, rule));
            if *known != rule {
                let what = format!("judge {claim} by other rules, so that their verdicts can't be compared");
                return Err(two(*first, index, &what));
            }
        }
    }
    let rows: Vec<(&Setting, &Verdict)> = settings
        .iter()
        .zip(&studies)
        .flat_map(|(setting, study)| study.verdicts.iter().map(move |verdict| (setting, verdict)))
        .collect();
    Output::publish(vec![
        sensitivity(job.create(&SENSITIVITY)?, &rows, &provenance)?,
        robustness(job.create(&ROBUSTNESS)?, &rows, &provenance)?,
    ])
}

/// What a file of verdicts says.
struct Study {
    /// The params that it was made with, but for those that it was judged with: the rules stand beside each verdict.
    recipe: Recipe,
    verdicts: Vec<Verdict>,
}

fn read(path: &Path) -> Result<Study, tables::Error> {
    const COLUMNS: [&str; 7] = ["claim", "verdict", "found", "rule", "units", "count", "needed"];
    let reader = Reader::open(path, &catalogue::CLAIMS, &COLUMNS)?;
    let mut recipe = recipe(reader.metadata("lineage").unwrap_or("")).ok_or_else(|| {
        let detail = "its metadata does not say with which params it was made (priorscope.lineage)";
        tables::Error::damaged(path, detail)
    })?;
    recipe.retain(|param, _| !param.starts_with("judge-claims."));
    let mut verdicts: Vec<Verdict> = Vec::new();
    for batch in reader {
        let batch = batch?;
        let (claims, words) = (batch.texts("claim")?, batch.texts("verdict")?);
        let (found, rules, units) = (batch.texts("found")?, batch.texts("rule")?, batch.texts("units")?);
        let (counts, needed) = (batch.i32s("count")?, batch.i32s("needed")?);
        for row in 0..batch.rows() {
            if !VERDICTS.contains(&words[row]) {
                let expected = "a verdict is reproduced, not reproduced or inconclusive";
                return Err(batch.bad_value("verdict", row, words[row], expected));
            }
            if verdicts.iter().any(|verdict| verdict.claim == claims[row]) {
                return Err(batch.bad_value("claim", row, claims[row], "each claim has one verdict"));
            }
            verdicts.push(Verdict {
                claim: claims[row].to_owned(),
                verdict: words[row].to_owned(),
                found: found[row].to_owned(),
                rule: rules[row].to_owned(),
                units: units[row].to_owned(),
                count: counts[row],
                needed: needed[row],
            });
        }
    }
    match verdicts.is_empty() {
        true => Err(tables::Error::damaged(path, "it has no verdicts")),
        false => Ok(Study { recipe, verdicts }),
    }
}

const VERDICTS: [&str; 3] = ["reproduced", "not reproduced", "inconclusive"];

fn sensitivity(
    output: Output,
    rows: &[(&Setting, &Verdict)],
    provenance: &Provenance,
) -> Result<Output, Error> {
    let words = |of: fn(&Setting, &Verdict) -> String| {
        Cells::Words(rows.iter().map(|(setting, verdict)| of(setting, verdict)).collect())
    };
    let whole = |of: fn(&Verdict) -> i32| Cells::I32(rows.iter().map(|(_, verdict)| of(verdict)).collect());
    let mut writer = Writer::parquet(output, &catalogue::SENSITIVITY, &HashMap::new(), provenance)?;
    writer.write(vec![
        words(|_, verdict| verdict.claim.clone()),
        words(|setting, _| setting.name.clone()),
        words(|setting, _| setting.params.clone()),
        words(|_, verdict| verdict.verdict.clone()),
        words(|_, verdict| verdict.found.clone()),
        words(|_, verdict| verdict.units.clone()),
        whole(|verdict| verdict.count),
        whole(|verdict| verdict.needed),
    ])?;
    Ok(writer.finish()?)
}

fn robustness(
    output: Output,
    rows: &[(&Setting, &Verdict)],
    provenance: &Provenance,
) -> Result<Output, Error> {
    let mut claims: Vec<&str> = Vec::new();
    for (_, verdict) in rows {
        if !claims.contains(&verdict.claim.as_str()) {
            claims.push(&verdict.claim);
        }
    }
    let count = |claim: &str, of: &str| {
        rows.iter()
            .filter(|(_, verdict)| verdict.claim == claim && (of.is_empty() || verdict.verdict == of))
            .count()
    };
    let counts = |of: &str| Cells::I32(claims.iter().map(|claim| count(claim, of) as i32).collect());
    let shares = |of: &str| {
        Cells::F64(claims.iter().map(|claim| count(claim, of) as f64 / count(claim, "") as f64).collect())
    };
    let mut writer = Writer::parquet(output, &catalogue::ROBUSTNESS, &HashMap::new(), provenance)?;
    let mut cells = vec![Cells::Words(claims.iter().map(|claim| (*claim).to_owned()).collect()), counts("")];
    cells.extend(VERDICTS.map(counts));
    cells.extend(VERDICTS.map(shares));
    writer.write(cells)?;
    Ok(writer.finish()?)
}
