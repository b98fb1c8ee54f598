//! Random networks, corrupted ones, and channels whose distances are known.

use super::*;
use crate::findings::tests::worst;

fn found(change: impl Fn(&mut Real), seed: u64) -> Findings {
    let checks = |network: &Real, layers: &Layers, findings: &mut Findings| {
        channels(network, layers, findings);
        experts(network, layers, findings);
    };
    crate::findings::tests::found(checks, change, seed)
}

#[test]
fn every_identity_holds_to_rounding_for_random_networks() {
    for seed in 0..20 {
        for row in found(|_| (), seed).rows() {
            assert!(row.check.kind != Kind::Identity || row.value < 1e-12, "{row:?}");
        }
    }
}

#[test]
fn one_changed_weight_breaks_the_identities_that_it_stands_in() {
    let of_f1 = found(|network| network.f1.weight[4] = -network.f1.weight[4], 1);
    assert!(worst(&of_f1, "Eq. 31", Kind::Identity) > 0.01);
    assert!(worst(&of_f1, "Eq. 25", Kind::Identity) < 1e-12);
    let of_f3 = found(|network| network.f3.weight[7] += 0.1, 1);
    for equation in ["Eq. 25", "Eq. 27", "Eq. 28", "Eq. 29"] {
        assert!(worst(&of_f3, equation, Kind::Identity) > 0.01, "{equation}");
    }
    assert!(worst(&found(|network| network.f3.bias[0] += 0.1, 1), "Eq. 27", Kind::Identity) > 0.01);
}

#[test]
fn dropping_relu_costs_nothing_where_all_is_active_and_what_the_formula_says_elsewhere() {
    let energies = |phi: &[f64]| phi.iter().map(|phi| -phi).collect::<Vec<_>>();
    let of = |phi: &[f64]| {
        let mut findings = Findings::default();
        layer(&F1, phi, &crate::real::relu(phi), &energies(phi), &mut findings);
        let figure = |check: Check| findings.rows().into_iter().find(|row| row.check == check).unwrap().value;
        (figure(F1.kl), figure(F1.error), figure(F1.inactive))
    };
    assert_eq!(of(&[1.0, 2.0, 0.5]), (0.0, 0.0, 0.0));
    // After ReLU both positions are equally likely; before, they have 1/(1 + 3) and 3/(1 + 3).
    let (divergence, error, inactive) = of(&[-3f64.ln(), 0.0]);
    assert!((divergence - 0.5 * (4.0f64 / 3.0).ln()).abs() < 1e-15);
    assert!((error - 0.5).abs() < 1e-15);
    assert_eq!(inactive, 1.0);
}

#[test]
fn active_units_keep_their_ratios_without_relu() {
    let phi = [-5.0, 1.0, 2.0, -0.1];
    let mut findings = Findings::default();
    layer(&F3, &phi, &crate::real::relu(&phi), &[5.0, -1.0, -2.0, 0.1], &mut findings);
    assert!(worst(&findings, "Eq. 23", Kind::Identity) < 1e-15);
    // Were the ReLU another function, they would not.
    let mut findings = Findings::default();
    layer(&F3, &phi, &phi.map(|phi| 2.0 * phi.max(0.0)), &[5.0, -1.0, -2.0, 0.1], &mut findings);
    assert!(worst(&findings, "Eq. 23", Kind::Identity) > 0.1);
}
