//! How far the paper's formulas hold, over all checkpoints: the checks, and what first order misses by the size of a step.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use statistics::summary::quantile_of_sorted;
use tables::{Error, Reader, catalogue};

/// A figure of a check over all checkpoints.
pub struct Checked {
    /// C8 to C12.
    pub claim: String,
    /// Equation of the paper.
    pub equation: String,
    /// What is compared.
    pub check: String,
    /// identity, approximation or as printed.
    pub kind: String,
    /// Which figure.
    pub statistic: String,
    /// Checkpoints that have it.
    pub checkpoints: usize,
    /// Its median over them.
    pub median: f64,
    /// Its smallest value.
    pub least: f64,
    /// Its largest value.
    pub largest: f64,
}

/// What first order misses of a layer's change at a step, over all checkpoints: a share of the change.
pub struct Missed {
    /// f1 to f4, or f_y.
    pub layer: String,
    /// Learning rate of the step.
    pub step: f64,
    /// Median over the checkpoints.
    pub median: f64,
    /// 2.5 % and 97.5 % quantile.
    pub range: (f64, f64),
}

/// Every check of every file, in the order of the first that has it.
pub(super) fn read_checks(paths: &[PathBuf]) -> Result<Vec<Checked>, Error> {
    type Named = [String; 5];
    let mut order: Vec<Named> = Vec::new();
    let mut values: HashMap<Named, Vec<f64>> = HashMap::new();
    for path in sorted(paths) {
        for batch in Reader::open(path, &catalogue::THEORY, &[])? {
            let batch = batch?;
            let (claims, equations, checks) =
                (batch.texts("claim")?, batch.texts("equation")?, batch.texts("check")?);
            let (kinds, statistics) = (batch.texts("kind")?, batch.texts("statistic")?);
            let figures = batch.f64s("value")?;
            for row in 0..batch.rows() {
                let named =
                    [&claims, &equations, &checks, &kinds, &statistics].map(|column| column[row].to_owned());
                if !values.contains_key(&named) {
                    order.push(named.clone());
                }
                values.entry(named).or_default().push(figures[row]);
            }
        }
    }
    // Claims in order of their numbers, each with its checks as they came.
    order.sort_by_key(|[claim, ..]| (claim.len(), claim.clone()));
    let checked = |named: Named| {
        let mut sorted = values.remove(&named).unwrap_or_default();
        sorted.sort_by(f64::total_cmp);
        let [claim, equation, check, kind, statistic] = named;
        Checked {
            claim,
            equation,
            check,
            kind,
            statistic,
            checkpoints: sorted.len(),
            median: quantile_of_sorted(&sorted, 0.5),
            least: quantile_of_sorted(&sorted, 0.0),
            largest: quantile_of_sorted(&sorted, 1.0),
        }
    };
    Ok(order.into_iter().map(checked).collect())
}

/// Every layer at every step, in the order of the layers and steps.
pub(super) fn read_steps(paths: &[PathBuf]) -> Result<Vec<Missed>, Error> {
    // A step above zero is ordered by its bits.
    let mut values: BTreeMap<(String, u64), Vec<f64>> = BTreeMap::new();
    for path in sorted(paths) {
        for batch in Reader::open(path, &catalogue::STEPS, &["layer", "step", "error"])? {
            let batch = batch?;
            let (layers, steps, errors) = (batch.texts("layer")?, batch.f64s("step")?, batch.f64s("error")?);
            for row in 0..batch.rows() {
                if steps[row].is_nan() || steps[row] <= 0.0 {
                    return Err(batch.bad_value("step", row, steps[row], "a step is above 0"));
                }
                values.entry((layers[row].to_owned(), steps[row].to_bits())).or_default().push(errors[row]);
            }
        }
    }
    let missed = |((layer, step), mut errors): ((String, u64), Vec<f64>)| {
        errors.sort_by(f64::total_cmp);
        let at = |share| quantile_of_sorted(&errors, share);
        Missed { layer, step: f64::from_bits(step), median: at(0.5), range: (at(0.025), at(0.975)) }
    };
    Ok(values.into_iter().map(missed).collect())
}

/// In an order that is not that of the command line.
fn sorted(paths: &[PathBuf]) -> Vec<&Path> {
    let mut paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    paths.sort();
    paths
}
