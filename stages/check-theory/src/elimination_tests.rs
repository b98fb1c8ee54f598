//! Small networks by seed, and one whose elimination is done by hand.

use super::*;
use crate::real::tests::example;

fn found(seed: u64) -> (Real, Vec<Layers>, Findings) {
    let (parameters, images) = example(seed, 4);
    let network = Real::of(&parameters);
    let layers: Vec<Layers> = images.iter().map(|image| network.forward(image)).collect();
    let mut findings = Findings::default();
    check(&network, &layers, &mut findings);
    (network, layers, findings)
}

fn value(findings: &Findings, check: Check, statistic: &str) -> f64 {
    let rows = findings.rows();
    let row = rows.iter().find(|row| row.check == check && row.statistic == statistic);
    row.map(|row| row.value).unwrap()
}

#[test]
fn layers_that_are_functions_leave_softmax_and_random_ones_do_not() {
    for seed in 0..10 {
        let (_, _, findings) = found(seed);
        for row in findings.rows() {
            assert!(row.check.kind != Kind::Identity || row.value < 1e-13, "{row:?}");
        }
        let random = RANDOM.kind(Kind::Approximation, TOTAL_VARIATION);
        assert!(value(&findings, random, "largest_total_variation") > 1e-4);
        assert!(value(&findings, OUTSIDE[1], "largest_total_variation") > 1e-4);
    }
}

#[test]
fn elimination_with_another_weight_is_not_softmax_of_the_network() {
    let (mut network, layers, _) = found(3);
    let before = Small::of(&network, &layers);
    network.f_y.bias[0] += 0.5;
    let after = Small::of(&network, &layers);
    let x = &before.patches[0];
    let first = before.given(Reading::Function, 0, x);
    let second: Vec<_> = before.states[0].iter().map(|f| before.given(Reading::Function, 1, f)).collect();
    let of = |small: &Small| {
        let output: Vec<_> = small.states[1].iter().map(|f| exponentials(&small.output(f))).collect();
        let eliminated = mixture(&mixture(&first, &second), &output);
        of_largest(&eliminated, &exponentials(&before.rounded(x))).into_iter().fold(0.0, f64::max)
    };
    assert!(of(&before) < 1e-15);
    assert!(of(&after) > 0.01);
}

#[test]
fn a_mixture_of_two_states_is_the_one_computed_by_hand() {
    let (first, second) = ([0.25, 0.75], [vec![1.0, 0.0], vec![0.5, 0.5]]);
    let output = [vec![0.9, 0.1], vec![0.2, 0.8]];
    let eliminated = mixture(&mixture(&first, &second), &output);
    assert!((eliminated[0] - (0.625 * 0.9 + 0.375 * 0.2)).abs() < 1e-15);
    assert_eq!(joint(&first, &second, &output).len(), 2);
    assert!((joint(&first, &second, &output)[0] - eliminated[0]).abs() < 1e-15);
}

#[test]
fn states_are_all_combinations_of_levels() {
    let states = states(&[vec![1.0, 8.0]], 2);
    assert_eq!(states.len(), 25);
    assert_eq!((&states[0][..], &states[24][..]), (&[0.0, 0.0][..], &[8.0, 8.0][..]));
    assert_eq!(states[nearest(&states, &[0.9, 4.9])], [0.0, 4.0]);
}

#[test]
fn the_sign_in_print_turns_the_order_of_classes_round() {
    let (_, _, findings) = found(1);
    assert_eq!(value(&findings, SIGN.kind(Kind::AsPrinted, OTHER_CLASS), "other_class"), 1.0);
}
