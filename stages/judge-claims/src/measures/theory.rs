//! Statistics of the table theory: of each checkpoint the value that is worst for the claim.

use std::collections::BTreeMap;

use super::{Measured, Units};
use crate::evidence::{Check, Evidence};
use crate::missing::{self, Asked};
use crate::rules::{Bound, Theory};

/// What is to be at least something is worst where it is least; everything else where it is largest.
pub(super) fn measure(evidence: &Evidence, theory: &Theory, bound: Option<Bound>) -> Measured {
    let is_worse = |value: f64, other: f64| match bound {
        Some(Bound::AtLeast(_)) => value < other,
        _ => value > other,
    };
    let worst = |checks: Vec<&Check>| {
        let mut checkpoints: BTreeMap<_, f64> = BTreeMap::new();
        for check in checks {
            let checkpoint = (
                &check.source.training,
                check.network.as_str(),
                check.labels.as_str(),
                check.seed,
                check.epoch,
            );
            let worst = checkpoints.entry(checkpoint).or_insert(check.value);
            // What can't be computed for one check is known for none.
            if check.value.is_nan() || is_worse(check.value, *worst) {
                *worst = check.value;
            }
        }
        checkpoints.into_values().collect()
    };
    let values = missing::rows("theory", &evidence.checks, &asked(theory)).map(worst);
    Measured { units: Units::Checkpoints, values, null: None, p_value: None, table: "theory" }
}

fn asked(theory: &Theory) -> Vec<Asked<'_, Check>> {
    let mut asked = vec![
        Asked::new("claim", &theory.claim, |check: &Check| (&check.claim).into()),
        Asked::new("kind", &theory.kind, |check: &Check| (&check.kind).into()),
    ];
    asked.extend(
        theory.check.as_ref().map(|name| Asked::new("check", name, |check: &Check| (&check.check).into())),
    );
    asked.push(Asked::new("statistic", &theory.statistic, |check: &Check| (&check.statistic).into()));
    asked
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::evidence::Source;

    fn check(training: &str, epoch: i32, check: &str, value: f64) -> Check {
        Check {
            source: Arc::new(Source { training: training.to_owned(), ..Source::default() }),
            network: "cnn2".to_owned(),
            labels: "real".to_owned(),
            seed: 1,
            epoch,
            claim: "C11".to_owned(),
            check: check.to_owned(),
            kind: "approximation".to_owned(),
            statistic: "slope".to_owned(),
            value,
        }
    }

    fn measured(checks: Vec<Check>, bound: Option<Bound>) -> Result<Vec<f64>, String> {
        let theory = Theory {
            claim: "C11".to_owned(),
            kind: "approximation".to_owned(),
            check: None,
            statistic: "slope".to_owned(),
        };
        measure(&Evidence { checks, ..Evidence::default() }, &theory, bound).values
    }

    #[test]
    fn of_each_checkpoint_the_value_that_is_worst_for_the_claim_counts() {
        let checks = || vec![check("a", 0, "f1", 0.5), check("a", 0, "f3", 2.0), check("a", 30, "f1", 1.0)];
        assert_eq!(measured(checks(), Some(Bound::AtLeast(0.9))), Ok(vec![0.5, 1.0]));
        assert_eq!(measured(checks(), Some(Bound::AtMost(0.9))), Ok(vec![2.0, 1.0]));
        assert_eq!(measured(checks(), None), Ok(vec![2.0, 1.0]));
    }

    #[test]
    fn two_trainings_that_differ_only_in_params_are_two_and_two_tables_of_one_are_one() {
        let checks = ["a", "b", "a"].map(|training| check(training, 30, "f1", 1.0));
        assert_eq!(measured(checks.to_vec(), None), Ok(vec![1.0, 1.0]));
    }

    #[test]
    fn what_could_not_be_computed_once_is_unknown_of_the_checkpoint() {
        for order in [[1.0, f64::NAN], [f64::NAN, 1.0]] {
            let checks = order.iter().map(|value| check("a", 0, "f1", *value)).collect();
            assert!(measured(checks, None).unwrap()[0].is_nan());
        }
    }
}
