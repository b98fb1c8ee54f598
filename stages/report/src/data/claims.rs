//! The paper's claims with their verdicts.

use std::path::Path;

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
    /// What was found.
    pub found: String,
    /// What was also looked at.
    pub beside: String,
    /// The rule that gives the verdict.
    pub rule: String,
    /// The tables that it came from.
    pub tables: String,
    /// The verdict.
    pub verdict: String,
}

const VERDICTS: [&str; 3] = ["reproduced", "not reproduced", "inconclusive"];

pub(super) fn read(path: &Path) -> Result<Vec<Claim>, Error> {
    let mut claims = Vec::new();
    for batch in Reader::open(path, &catalogue::CLAIMS, &[])? {
        let batch = batch?;
        let (names, statements, places) =
            (batch.texts("claim")?, batch.texts("statement")?, batch.texts("place")?);
        let (papers, founds, rules) = (batch.texts("paper")?, batch.texts("found")?, batch.texts("rule")?);
        let (verdicts, besides, tables) =
            (batch.texts("verdict")?, batch.texts("beside")?, batch.texts("tables")?);
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
            found: founds[row].to_owned(),
            beside: besides[row].to_owned(),
            rule: rules[row].to_owned(),
            tables: tables[row].to_owned(),
            verdict: verdicts[row].to_owned(),
        }));
    }
    Ok(claims)
}
