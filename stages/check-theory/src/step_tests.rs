//! Random networks along random directions, a wrong direction, and lines whose slope is known.

use super::*;
use crate::findings::tests::worst;
use crate::real::tests::example;

/// The curve of a network along another one's parameters.
fn stepping(seed: u64) -> (Vec<Point>, Findings) {
    let (parameters, images) = example(seed, 6);
    let network = Real::of(&parameters);
    let gradient = Real::of(&example(seed + 100, 0).0);
    let layers: Vec<Layers> = images.iter().map(|image| network.forward(image)).collect();
    let mut findings = Findings::default();
    (curve(&network, &layers, &gradient, &steps(4), &mut findings), findings)
}

#[test]
fn single_layers_are_linear_but_where_units_switch_and_the_whole_network_is_of_second_order() {
    for seed in 0..5 {
        let (points, findings) = stepping(seed);
        assert!(worst(&findings, "Eq. 39", Kind::Identity) < 1e-13);
        assert!(worst(&findings, "Eq. 43", Kind::Identity) == 0.0);
        assert!(worst(&findings, "Eq. 44", Kind::Identity) == 0.0);
        let slope = worst(&findings, "Eq. 38", Kind::Approximation);
        assert!((slope - 1.0).abs() < 0.02, "{slope}");
        assert_eq!(points.len(), 5 * 33);
        let told: Vec<f64> = findings
            .rows()
            .iter()
            .filter(|row| row.check.name.contains(", at step "))
            .map(|row| row.value)
            .collect();
        assert!(told.len() == 3 && told.is_sorted() && told[0] < told[2], "{told:?}");
        // At a step of 1 units have switched, and only these leave a remainder.
        let last = points.iter().rfind(|point| point.layer == "f1").unwrap();
        assert!(last.switched > 0.0 && last.error > 1e-3, "{last:?}");
        assert!(worst(&findings, "Eq. 44", Kind::Approximation) > 1e-3);
    }
}

#[test]
fn tangents_of_another_direction_leave_a_remainder_in_units_that_did_not_switch() {
    let (parameters, images) = example(1, 1);
    let network = Real::of(&parameters);
    let mut gradient = Real::of(&example(101, 0).0);
    let layers = network.forward(&images[0]);
    let along = tangents(&network, &layers, &gradient);
    gradient.f1.weight[0] += 0.1;
    gradient.f3.weight[0] += 0.1;
    let changes = stepped(&layers, &along, &network.stepped(0.01, &gradient), 0.01).changes;
    assert!(changes[..4].iter().all(|change| change.unswitched > 1e-5), "{changes:?}");
}

#[test]
fn lines_share_a_slope_whatever_their_intercepts() {
    let line = |intercept: f64| [0.0, 1.0, 4.0].map(|x| (x, intercept + 1.5 * x)).to_vec();
    let (slope, points) = super::slope(&[line(3.0), line(-8.0), vec![(1.0, 1.0)]]).unwrap();
    assert!((slope - 1.5).abs() < 1e-14);
    assert_eq!(points, 6);
    assert_eq!(super::slope(&[vec![(1.0, 1.0)]]), None);
}

#[test]
fn the_slope_is_fitted_where_neither_rounding_nor_switching_decides() {
    let at = |remainder: f64, change: f64, switched| Change {
        remainder: remainder * remainder,
        change: change * change,
        switched,
        units: 9,
        unswitched: 0.0,
        size: 1.0,
    };
    let changes =
        [at(1e-15, 1e-6, 0), at(1e-8, 1e-4, 0), at(1e-6, 1e-3, 0), at(1e-5, 1e-2, 1), at(0.5, 1.0, 0)];
    let usable = usable(&[1e-6, 1e-4, 1e-3, 1e-2, 1.0], &changes);
    assert_eq!(usable.len(), 2);
    assert!((slope(&[usable]).unwrap().0 - 1.0).abs() < 1e-12);
}

#[test]
fn steps_go_from_a_hundred_millionth_to_one() {
    let steps = steps(3);
    assert!((steps[0] / 1e-8 - 1.0).abs() < 1e-14 && steps[24] == 1.0 && steps.len() == 25);
}
