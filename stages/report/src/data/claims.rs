//! The paper's claims with their verdicts.

use std::path::Path;

use super::evidence::{self, Evidence};
use stage::Error as StageError;
use tables::{Error, Reader, catalogue};

/// One claim.
pub struct Claim {
    /// C1 to C12.
    pub claim: String,
    /// What the paper says.
    pub statement: String,
    /// Where.
    pub place: String,
    /// Its own figure.
    pub paper: String,
    /// The rule that gives the verdict.
    pub rule: String,
    /// The tables that it came from.
    pub tables: String,
    /// The verdict.
    pub verdict: String,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}

const VERDICTS: [&str; 3] = ["reproduced", "not reproduced", "inconclusive"];

/// Claims with the numbers behind them, from the two tables of one `judge-claims`; `ports` are the inputs' names.
pub(super) fn read(
    path: &Path,
    evidence: Option<&Path>,
    ports: [&'static str; 2],
) -> Result<Vec<Claim>, StageError> {
    let [port, of_evidence] = ports;
    let Some(behind) = evidence else {
        let detail = format!("give the evidence behind {port}, too, which the same judge-claims has written");
        return Err(StageError::input(of_evidence, detail));
    };
    let mut claims = of_table(path).map_err(|error| StageError::input(port, error))?;
    let mut evidence = evidence::read(behind).map_err(|error| StageError::input(of_evidence, error))?;
    for claim in &mut claims {
        claim.evidence = evidence.remove(&claim.claim).unwrap_or_default();
        if claim.evidence.is_empty() {
            let detail = format!(
                "{}: no row for the claim {} of {}; give the evidence of the same judge-claims",
                behind.display(),
                claim.claim,
                path.display()
            );
            return Err(StageError::input(of_evidence, detail));
        }
    }
    Ok(claims)
}

fn of_table(path: &Path) -> Result<Vec<Claim>, Error> {
    let mut claims = Vec::new();
    for batch in Reader::open(path, &catalogue::CLAIMS, &[])? {
        let batch = batch?;
        let (names, statements, places) =
            (batch.texts("claim")?, batch.texts("statement")?, batch.texts("place")?);
        let (papers, rules) = (batch.texts("paper")?, batch.texts("rule")?);
        let (verdicts, tables) = (batch.texts("verdict")?, batch.texts("tables")?);
        for row in 0..batch.rows() {
            if !VERDICTS.contains(&verdicts[row]) {
                let expected = "a verdict is reproduced, not reproduced or inconclusive";
                return Err(batch.bad_value("verdict", row, verdicts[row], expected));
            }
            let is_known = claims.iter().any(|claim: &Claim| claim.claim == names[row])
                || (0..row).any(|before| names[before] == names[row]);
            if is_known {
                return Err(batch.bad_value("claim", row, names[row], "each claim has one verdict"));
            }
        }
        claims.extend((0..batch.rows()).map(|row| Claim {
            claim: names[row].to_owned(),
            statement: statements[row].to_owned(),
            place: places[row].to_owned(),
            paper: papers[row].to_owned(),
            rule: rules[row].to_owned(),
            tables: tables[row].to_owned(),
            verdict: verdicts[row].to_owned(),
            evidence: Vec::new(),
        }));
    }
    Ok(claims)
}
