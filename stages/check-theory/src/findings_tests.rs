//! Figures of a few numbers, and what the other tests ask of findings.

use super::*;
use crate::real::tests::example;
use crate::real::{Layers, Real};

/// What is found in the layers of two random images once something of their random network was changed.
pub(crate) fn found(
    checks: impl Fn(&Real, &Layers, &mut Findings),
    change: impl Fn(&mut Real),
    seed: u64,
) -> Findings {
    let (parameters, images) = example(seed, 2);
    let mut network = Real::of(&parameters);
    let layers: Vec<Layers> = images.iter().map(|image| network.forward(image)).collect();
    change(&mut network);
    let mut findings = Findings::default();
    layers.iter().for_each(|layers| checks(&network, layers, &mut findings));
    findings
}

/// The largest figure of an equation's checks of one kind.
pub(crate) fn worst(findings: &Findings, equation: &str, kind: Kind) -> f64 {
    let rows = findings.rows();
    let rows = rows.iter().filter(|row| row.check.equation == equation && row.check.kind == kind);
    rows.map(|row| row.value).max_by(f64::total_cmp).unwrap()
}

#[test]
fn findings_of_several_images_are_summed_up_together() {
    const CHECK: Check = Check::identity("C8", "Eq. 10", "fY", "sum").kind(Kind::Approximation, ERRORS);
    let mut all = Findings::default();
    for values in [[1.0, 5.0], [2.0, 0.5]] {
        let mut one = Findings::default();
        one.each(CHECK, values);
        all.merge(one);
    }
    let rows = all.rows();
    let figures: Vec<_> = rows.iter().map(|row| (row.statistic, row.cases, row.value)).collect();
    assert_eq!(figures, [("largest_relative_error", 4, 5.0), ("median_relative_error", 4, 1.5)]);
    assert_eq!(rows[0].check.text(), "fY: sum");
}

#[test]
fn a_number_that_is_none_is_not_hidden_by_others() {
    let mut findings = Findings::default();
    findings.largest(Check::identity("C8", "Eq. 10", "", "sum"), [f64::NAN, 1.0]);
    assert!(findings.rows()[0].value.is_nan());
}

#[test]
fn distances_have_their_closed_forms() {
    let (p, q) = ([0.5f64.ln(), 0.5f64.ln()], [0.25f64.ln(), 0.75f64.ln()]);
    assert!((kl(&p, &q) - 0.5 * (4.0f64 / 3.0).ln()).abs() < 1e-15);
    assert!((total_variation(&p, &q) - 0.25).abs() < 1e-15);
    assert!((relative(p[0], q[0]) - 1.0).abs() < 1e-15);
    let never = [0.0, f64::NEG_INFINITY];
    assert_eq!((kl(&never, &never), relative(never[1], never[1])), (0.0, 0.0));
}
