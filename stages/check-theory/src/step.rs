//! C11: a step of gradient descent against its first-order approximation (Eq. 35 to 44).

use rayon::prelude::*;

use crate::findings::{Check, ERRORS, Findings, Kind, LARGEST_ERROR, RELATIVE_ERROR, SLOPE, SWITCHED};
use crate::real::{Layers, Pooled, Real, pool, relu};
use crate::tangents::{Tangents, tangents};

/// The layers that are looked at; the last is the whole network.
pub const LAYERS: [&str; 5] = ["f1", "f2", "f3", "f4", "f_y"];
/// Steps go from 10⁻⁸ …
const FIRST_DECADE: f64 = -8.0;
/// … over so many decades to 1.
const DECADES: u32 = 8;

const fn of_layer(equation: &'static str, layer: &'static str) -> Check {
    Check::identity("C11", equation, layer, "first order is exact in units that did not switch")
}

const fn of_step(name: &'static str) -> Check {
    Check::identity("C11", "Eq. 39", "f_y", name).kind(Kind::Approximation, RELATIVE_ERROR)
}

const EXACT: [Check; 4] =
    [of_layer("Eq. 39", "f1"), of_layer("Eq. 39", "f2"), of_layer("Eq. 39", "f3"), of_layer("Eq. 39", "f4")];
const WHOLE: Check =
    Check::identity("C11", "Eq. 38", "f_y", "remainder over true change, by step, without switches")
        .kind(Kind::Approximation, SLOPE);
const REMAINDER: Check = Check::identity("C11", "Eq. 39", "", "remainder over true change, all steps")
    .kind(Kind::Approximation, ERRORS);
const SWITCHES: Check =
    Check::identity("C11", "Eq. 39", "", "share of units that switched").kind(Kind::Approximation, SWITCHED);
/// Steps whose error is told by itself, and its checks.
const TOLD: [(f64, Check); 3] = [
    (1e-3, of_step("remainder over true change, at step 0.001")),
    (1e-2, of_step("remainder over true change, at step 0.01")),
    (1.0, of_step("remainder over true change, at step 1")),
];
const C2: [Check; 2] = [
    Check::identity("C11", "Eq. 43", "f1", "C2 is 0: the error of Eq. 43 has nothing in it"),
    Check::identity("C11", "Eq. 43", "f3", "C2 is 0: the error of Eq. 43 has nothing in it"),
];
const C1: [Check; 2] = [
    Check::identity("C11", "Eq. 44", "f1", "the layer is C1 phi + C2 in units that did not switch"),
    Check::identity("C11", "Eq. 44", "f3", "the layer is C1 phi + C2 in units that did not switch"),
];
const C1_SWITCHED: [Check; 2] = [
    Check::identity("C11", "Eq. 44", "f1", "C1 phi + C2 in units that switched, against the layer")
        .kind(Kind::Approximation, LARGEST_ERROR),
    Check::identity("C11", "Eq. 44", "f3", "C1 phi + C2 in units that switched, against the layer")
        .kind(Kind::Approximation, LARGEST_ERROR),
];

/// One point of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// One of [`LAYERS`].
    pub layer: &'static str,
    /// Learning rate α.
    pub step: f64,
    /// Norm of the remainder over that of the true change, over all images.
    pub error: f64,
    /// Share of units whose ReLU or pooling chose otherwise; for f_y of all units of the network.
    pub switched: f64,
}

/// One layer before and after a step.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    /// `Σ (f(θ') − f(θ) − ∇f·(θ' − θ))²`.
    remainder: f64,
    /// `Σ (f(θ') − f(θ))²`.
    change: f64,
    switched: usize,
    units: usize,
    /// The largest remainder of a unit that did not switch, relative to the layer's largest activation.
    unswitched: f64,
    /// The largest activation, before or after.
    size: f64,
}

/// Eq. 44 for one layer: `f(θ')` against `C₁ φ(θ') + C₂`, relative to the layer's largest activation.
#[derive(Clone, Copy, Debug, Default)]
struct Affine {
    unswitched: f64,
    switched: f64,
    switches: usize,
    units: usize,
}

/// What became of one image at one step.
struct Stepped {
    changes: [Change; 5],
    affine: [Affine; 2],
}

/// The steps α: `10^(−8 + i/points)` up to 1.
pub fn steps(points: u32) -> Vec<f64> {
    let exponent = |i: u32| FIRST_DECADE + f64::from(i) / f64::from(points);
    (0..=DECADES * points).map(|i| libm::pow(10.0, exponent(i))).collect()
}

/// The curve for `θ' = θ − α g` (Eq. 35) over `steps`, and what it says.
///
/// Single layers have their input held fixed, as in Eq. 39: f1 and f2 given x, f3 and f4 given f2. They are linear in their
/// parameters, so that first order is exact but in units that switched. fY has all parameters moved.
///
/// The slope of log error over log α is fitted by least squares, with an intercept for each image, over the steps at which no
/// unit of that image switched, the remainder is above 2¹² units in the last place of its largest logit, and the error is
/// below 0.1, as far as steps to the second order are small; each image needs two. A remainder of second order has 1.
pub fn curve(
    network: &Real,
    images: &[Layers],
    gradient: &Real,
    steps: &[f64],
    findings: &mut Findings,
) -> Vec<Point> {
    let moved: Vec<Real> = steps.par_iter().map(|step| network.stepped(*step, gradient)).collect();
    let of_image = |layers: &Layers| -> Vec<Stepped> {
        let along = tangents(network, layers, gradient);
        moved.iter().zip(steps).map(|(moved, step)| stepped(layers, &along, moved, *step)).collect()
    };
    let all: Vec<Vec<Stepped>> = images.par_iter().map(of_image).collect();

    for layers in images {
        for (check, phi, f) in [(C2[0], &layers.phi1, &layers.f1), (C2[1], &layers.phi3, &layers.f3)] {
            let c2 = phi.iter().zip(f).map(|(phi, f)| (f - slope_of_relu(*phi) * phi).abs());
            findings.largest(check, c2);
        }
    }
    let of = |image: &[Stepped], layer: usize| -> Vec<Change> {
        image.iter().map(|stepped| stepped.changes[layer]).collect()
    };
    for image in &all {
        for (layer, check) in EXACT.into_iter().enumerate() {
            for change in of(image, layer) {
                findings.one(check, change.units - change.switched, change.unswitched);
            }
        }
        for stepped in image {
            for (affine, (same, other)) in stepped.affine.iter().zip(C1.into_iter().zip(C1_SWITCHED)) {
                findings.one(same, affine.units - affine.switches, affine.unswitched);
                if affine.switches > 0 {
                    findings.one(other, affine.switches, affine.switched);
                }
            }
        }
    }
    let of_logits = all.iter().map(|image| usable(steps, &of(image, LAYERS.len() - 1)));
    if let Some((slope, points)) = slope(&of_logits.collect::<Vec<_>>()) {
        findings.one(WHOLE, points, slope);
    }
    points(steps, &all, findings)
}

/// The curve over all images. Steps that change nothing to rounding have no relative error, and are left out.
fn points(steps: &[f64], all: &[Vec<Stepped>], findings: &mut Findings) -> Vec<Point> {
    let mut points = Vec::new();
    for (index, layer) in LAYERS.into_iter().enumerate() {
        for (at, step) in steps.iter().enumerate() {
            let mut sum = Change::default();
            for change in all.iter().map(|image| image[at].changes[index]) {
                sum.remainder += change.remainder;
                sum.change += change.change;
                sum.switched += change.switched;
                sum.units += change.units;
            }
            let switched = sum.switched as f64 / sum.units.max(1) as f64;
            findings.one(Check { layer, ..SWITCHES }, sum.units, switched);
            if sum.change > 0.0 {
                let error = (sum.remainder / sum.change).sqrt();
                findings.each(Check { layer, ..REMAINDER }, [error]);
                let is_near = |told: f64| (step / told - 1.0).abs() < 1e-9;
                for (_, check) in TOLD.iter().filter(|(told, check)| check.layer == layer && is_near(*told)) {
                    findings.one(*check, sum.units, error);
                }
                points.push(Point { layer, step: *step, error, switched });
            }
        }
    }
    points
}

/// Logarithms of the steps and relative errors of one image that the slope is fitted to.
fn usable(steps: &[f64], changes: &[Change]) -> Vec<(f64, f64)> {
    let is_usable = |change: &Change| {
        let error = (change.remainder / change.change).sqrt();
        let rounding = 4096.0 * f64::EPSILON * change.size;
        change.switched == 0 && change.remainder.sqrt() > rounding && error < 0.1
    };
    let pairs = steps.iter().zip(changes).filter(|(_, change)| is_usable(change));
    pairs
        .map(|(step, change)| (libm::log(*step), 0.5 * libm::log(change.remainder / change.change)))
        .collect()
}

/// The common slope of several lines, `Σ (x − x̄)(y − ȳ) / Σ (x − x̄)²` with the means of each line, and its points.
fn slope(lines: &[Vec<(f64, f64)>]) -> Option<(f64, usize)> {
    let (mut products, mut squares, mut points) = (0.0, 0.0, 0);
    for line in lines.iter().filter(|line| line.len() >= 2) {
        let count = line.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| line.iter().map(of).sum::<f64>() / count;
        let (x0, y0) = (mean(|point| point.0), mean(|point| point.1));
        products += line.iter().map(|(x, y)| (x - x0) * (y - y0)).sum::<f64>();
        squares += line.iter().map(|(x, _)| (x - x0) * (x - x0)).sum::<f64>();
        points += line.len();
    }
    (squares > 0.0).then(|| (products / squares, points))
}

/// One image before and after a step.
fn stepped(before: &Layers, along: &Tangents, moved: &Real, step: f64) -> Stepped {
    let after = moved.forward(&before.x);
    let phi3 = moved.conv2.apply(&moved.f3, &before.f2.values);
    let f3 = relu(&phi3);
    let f4 = pool(&f3, moved.conv2.out());
    let active = |a: &[f64], b: &[f64]| -> Vec<bool> {
        a.iter().zip(b).map(|(a, b)| (*a > 0.0) != (*b > 0.0)).collect()
    };
    let choice = |a: &Pooled, b: &Pooled| -> Vec<bool> {
        a.choices.iter().zip(&b.choices).map(|(a, b)| a != b).collect()
    };
    let all = [
        active(&before.phi1, &after.phi1),
        choice(&before.f2, &after.f2),
        active(&before.phi3, &after.phi3),
        choice(&before.f4, &after.f4),
        active(&before.phi5, &after.phi5),
    ]
    .concat();
    let of_f1 = active(&before.phi1, &after.phi1);
    let of_f3 = active(&before.phi3, &phi3);
    let mut of_logits = change(&before.f_y, &after.f_y, &along.f_y, step, &[]);
    of_logits.switched = all.iter().filter(|is| **is).count();
    of_logits.units = all.len();
    let of_f2 = choice(&before.f2, &after.f2);
    let changes = [
        change(&before.f1, &after.f1, &along.f1, step, &of_f1),
        change(&before.f2.values, &after.f2.values, &along.f2, step, &of_f2),
        change(&before.f3, &f3, &along.f3, step, &of_f3),
        change(&before.f4.values, &f4.values, &along.f4, step, &choice(&before.f4, &f4)),
        of_logits,
    ];
    let affine = [
        affine(&before.phi1, &after.phi1, changes[0].size, &of_f1),
        affine(&before.phi3, &phi3, changes[2].size, &of_f3),
    ];
    Stepped { changes, affine }
}

/// One layer's change, with the switches of its units.
fn change(before: &[f64], after: &[f64], along: &[f64], step: f64, switches: &[bool]) -> Change {
    let size = before.iter().chain(after).fold(0.0_f64, |size, value| size.max(value.abs()));
    let mut sum = Change { size, units: before.len(), ..Change::default() };
    for (place, ((before, after), along)) in before.iter().zip(after).zip(along).enumerate() {
        let (change, first_order) = (after - before, -step * along);
        let remainder = change - first_order;
        sum.change += change * change;
        sum.remainder += remainder * remainder;
        if switches.get(place).copied().unwrap_or(false) {
            sum.switched += 1;
        } else if remainder != 0.0 {
            sum.unswitched = sum.unswitched.max(remainder.abs() / size);
        }
    }
    sum
}

fn slope_of_relu(phi: f64) -> f64 {
    if phi > 0.0 { 1.0 } else { 0.0 }
}

/// Eq. 44 with `C₁ = σ'(φ(θ))` and `C₂ = σ(φ(θ)) − C₁ φ(θ)`.
fn affine(before: &[f64], after: &[f64], size: f64, switches: &[bool]) -> Affine {
    let mut worst = Affine { units: before.len(), ..Affine::default() };
    for ((before, after), switched) in before.iter().zip(after).zip(switches) {
        let c1 = slope_of_relu(*before);
        let c2 = before.max(0.0) - c1 * before;
        let error = (after.max(0.0) - (c1 * after + c2)).abs();
        let error = if error == 0.0 { 0.0 } else { error / size };
        if *switched {
            worst.switches += 1;
            worst.switched = worst.switched.max(error);
        } else {
            worst.unswitched = worst.unswitched.max(error);
        }
    }
    worst
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
