//! What is said of the layers of an image: lines above the panels, the caption, the numbers beside the paper's, the CSV.

use super::{OWN_BINS, Subject, density, own_bins};
use crate::data::{Data, Dead, Distribution, Extent, Layers};
use crate::figures::csv::Csv;
use crate::figures::{NOT_PRINTED, Number};
use crate::words;
use statistics::histogram::Bins;

/// The divergence and its null, or where the energies lie.
pub(crate) fn lines(layers: &Layers, variable: &str) -> Vec<String> {
    match (variable, layers.divergence.as_ref()) {
        ("x", Some(kl)) => {
            vec![
                format!("KL {} nats", words::nats(kl.x)),
                format!("null {}", words::null_and_excess(kl.x, &kl.null_x)),
            ]
        }
        ("f1", Some(kl)) => vec![
            format!("KL {} nats, standardised {}", words::nats(kl.f1), words::nats(kl.f1_standardised)),
            format!("null {}", words::null_and_excess(kl.f1, &kl.null_f1)),
        ],
        ("f2", _) => vec![lie(&Extent::of(&layers.e_f2))],
        _ => vec!["KL: not in the divergences".to_owned()],
    }
}

/// Where values lie, in words.
pub(crate) fn lie(extent: &Extent) -> String {
    let decimals = if extent.sd < 10.0 { 1 } else { 0 };
    format!(
        "from {} to {}, mean {}, sd {}",
        words::signed(extent.low, decimals),
        words::signed(extent.high, decimals),
        words::signed(extent.mean, decimals),
        words::signed(extent.sd, decimals)
    )
}

/// The one probability that all have, to the three decimals that are told.
fn uniform(found: &Distribution) -> Option<f64> {
    let told = |p: &f32| words::signed(f64::from(*p), 3);
    let first = found.probabilities.first()?;
    found.probabilities.iter().all(|p| told(p) == told(first)).then_some(f64::from(*first))
}

/// The most probable neuron or class, in words.
pub(crate) fn peak(found: &Distribution, variable: &str, label: Option<usize>) -> String {
    if let Some(p) = uniform(found) {
        return format!("uniform ({} each)", words::signed(p, 3));
    }
    let all = found.probabilities.iter().enumerate();
    let Some((index, p)) = all.max_by(|a, b| a.1.total_cmp(b.1)) else { return String::new() };
    let p = words::signed(f64::from(*p), 3);
    match (variable, label.and_then(|label| found.probabilities.get(label).map(|p| (label, p)))) {
        ("fy", Some((label, of_label))) if label != index => {
            let of_label = words::signed(f64::from(*of_label), 3);
            format!("most probable: class {index} ({p}); label {label} ({of_label})")
        }
        ("fy", _) => format!("most probable: class {index} ({p})"),
        _ => format!("most probable: neuron {} ({p})", index + 1),
    }
}

/// What the panels show, and where the energies lie.
pub(super) fn caption(data: &Data, layers: &Layers, training: &str) -> String {
    let mut caption = format!(
        "{training}. (A) The image. (B) Histogram of its pixels with the density of P(X). (C) Histogram of the energies \
         of F1 as Eq. 7 gives them, with the same density; the outline shows the same energies shifted and scaled to \
         mean 0 and standard deviation {}. (D) Histogram of the energies of F2 given F1. (E, F) Probability of every \
         neuron of the fully connected layer and of every class.",
        words::signed(data.sd, 0)
    );
    for (name, variable) in [("pixels", "x"), ("energies of F1", "f1"), ("energies of F2", "f2")] {
        let bins = layers.distributions.get(variable).and_then(|found| found.bins.as_ref());
        let Some((found, bins)) = density(layers, variable).zip(bins) else { continue };
        if variable == "f2" && own_bins(layers).is_some() {
            caption += &format!(
                " Bins from {} to {} would leave {} of the energies of F2 in the open outer bins, so (D) has {OWN_BINS} \
                 bins from the smallest to the largest.",
                words::signed(bins.lower(), 0),
                words::signed(bins.upper(), 0),
                words::percent(found.outside())
            );
        } else if found.outside() > 0.0 {
            caption += &format!(
                " The outer bins are open to infinity: {} of the {name} lie in them, below {} or above {}, and are told \
                 as shares beside grey bars.",
                words::percent(found.outside()),
                words::signed(bins.edge(1), 0),
                words::signed(bins.edge(bins.count() - 1), 0)
            );
        }
    }
    let e = &layers.e_f1;
    caption += &format!(
        " The energies of F1 run from {} to {}, with mean {} and standard deviation {}.",
        words::signed(e.low, 1),
        words::signed(e.high, 1),
        words::signed(e.mean, 1),
        words::signed(e.sd, 1)
    );
    caption += &dead(data, &layers.key.network, &layers.key.labels);
    caption += &other_seeds(data, layers);
    caption
}

/// Which trainings of a network on some labels are dead.
pub(crate) fn dead(data: &Data, network: &str, labels: &str) -> String {
    let of = |one: &&Dead| one.key.network == network && one.key.labels == labels;
    data.dead
        .iter()
        .filter(of)
        .map(|one| {
            format!(
                " Seed {} is dead: at epoch {} all {} kept test images have the same P(F3 | F2) and the same P(FY | F3), whatever the image.",
                one.key.seed, one.key.epoch, one.images
            )
        })
        .collect()
}

/// Which other seeds give this image other distributions at the same epoch.
fn other_seeds(data: &Data, layers: &Layers) -> String {
    let key = &layers.key;
    let other = |one: &&Layers| {
        let same = (&one.key.network, &one.key.labels, one.key.epoch, one.image_id)
            == (&key.network, &key.labels, key.epoch, layers.image_id);
        same && one.key.seed != key.seed && one.distributions != layers.distributions
    };
    let seeds: Vec<String> =
        data.explored.layers.iter().filter(other).map(|one| one.key.seed.to_string()).collect();
    match seeds.as_slice() {
        [] => String::new(),
        [one] => format!(" Seed {one} gives another picture."),
        all => format!(" Each of the seeds {} gives another picture.", all.join(", ")),
    }
}

/// The divergences beside those that the paper prints, and the mean over all test images and seeds beside the one that is shown.
pub(super) fn numbers(data: &Data, layers: &Layers, subject: &Subject) -> Vec<Number> {
    let Some(kl) = &layers.divergence else { return Vec::new() };
    let number = |quantity: &str, paper: &str, ours: f64, null| Number {
        quantity: quantity.to_owned(),
        paper: paper.to_owned(),
        ours: words::nats(ours),
        null: words::null_and_excess(ours, null),
    };
    let mut numbers = vec![
        number("KL[P(X)‖P̂(x)], nats", subject.paper_x, kl.x, &kl.null_x),
        number("KL[P(X)‖P̂(F1)], nats", subject.paper_f1, kl.f1, &kl.null_f1),
        number(
            "KL[P(X)‖P̂(F1)], standardised energies, nats",
            NOT_PRINTED,
            kl.f1_standardised,
            &kl.null_f1_standardised,
        ),
    ];
    let curve = data.curve(&layers.key.network, &layers.key.labels);
    let point = curve.and_then(|curve| curve.points.iter().find(|point| point.epoch == layers.key.epoch));
    numbers.extend(point.map(|point| Number {
        quantity: "Mean KL[P(X)‖P̂(F1)] over all test images, nats".to_owned(),
        paper: NOT_PRINTED.to_owned(),
        ours: words::over_seeds(words::nats, point.kl[0], point.kl_interval, point.seeds),
        null: words::null_and_excess(point.kl[0], &kl.null_f1),
    }));
    numbers
}

/// That the paper's estimator is another, where its divergence of the image itself, an exact sample, lies far from what ours gives exact
/// samples: three times as far as these lie apart.
pub(super) fn other_estimator(layers: &Layers, subject: &Subject) -> Option<String> {
    let paper: f64 = subject.paper_x.parse().ok()?;
    let kl = layers.divergence.as_ref()?;
    if (paper - kl.null_x.mean).abs() <= 3.0 * (kl.null_x.high - kl.null_x.low) {
        return None;
    }
    Some(format!(
        "For the image itself, an exact sample of P(X), the paper prints {} nats and our estimator gives {}, as it gives exact \
         samples {} to {}: the two can’t be the same estimator (the paper tells neither its bins nor its smoothing nor its \
         direction; docs/estimators.md lists those tried here), so only the order of its values can be compared with \
         ours, not the values.",
        subject.paper_x,
        words::nats(kl.x),
        words::nats(kl.null_x.low),
        words::nats(kl.null_x.high)
    ))
}

/// Every histogram and every distribution over neurons, each told to be drawn or, where it is drawn over other bins, to stand in the
/// table only.
pub(super) fn csv(layers: &Layers) -> String {
    let names = ["variable", "where", "bin_or_neuron", "lower_edge", "upper_edge", "count", "probability"];
    let mut csv = Csv::new(&names);
    let own = own_bins(layers);
    for (variable, found) in &layers.distributions {
        let mut histogram = |place: &str, counts: &[u32], bins: Option<&Bins>| {
            for (bin, count) in counts.iter().enumerate() {
                let edges = bins.map_or([f64::NAN; 2], |bins| [bins.edge(bin), bins.edge(bin + 1)]);
                let numbers = [bin as f64, edges[0], edges[1], f64::from(*count), f64::NAN];
                csv.line(&[variable, place], &numbers);
            }
        };
        let own = own.as_ref().filter(|_| variable == "f2");
        if let Some(bins) = own {
            histogram("drawn", &statistics::histogram::counts(&layers.e_f2, bins), Some(bins));
        }
        let counts: Vec<u32> = found.counts.iter().copied().map(u32::from).collect();
        histogram(if own.is_some() { "table" } else { "drawn" }, &counts, found.bins.as_ref());
        for (neuron, probability) in found.probabilities.iter().enumerate() {
            let numbers = [neuron as f64, f64::NAN, f64::NAN, f64::NAN, f64::from(*probability)];
            csv.line(&[variable, "drawn"], &numbers);
        }
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(probabilities: &[f32]) -> Distribution {
        Distribution { probabilities: probabilities.to_vec(), ..Distribution::default() }
    }

    #[test]
    fn no_neuron_of_a_uniform_distribution_is_the_most_probable() {
        assert_eq!(peak(&over(&[0.25; 4]), "f3", None), "uniform (0.250 each)");
        assert_eq!(peak(&over(&[0.1; 10]), "fy", Some(3)), "uniform (0.100 each)");
        assert_eq!(peak(&over(&[0.1, 0.6, 0.3]), "f3", None), "most probable: neuron 2 (0.600)");
    }
}
