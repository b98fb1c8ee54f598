//! The paper's claims C1 to C7, each with a rule that was fixed before the results were seen.

use std::collections::{BTreeMap, BTreeSet};

use statistics::rank::spearman;

use crate::summary::{OverSeeds, Summary};

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The rule's condition holds.
    Reproduced,
    /// The rule's condition fails.
    NotReproduced,
    /// The tables can't decide: a precondition fails, or there are too few trainings.
    Inconclusive,
}

impl Verdict {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verdict::Reproduced => "reproduced",
            Verdict::NotReproduced => "not reproduced",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// A claim of the paper and the rule that judges it.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) id: &'static str,
    pub(crate) statement: &'static str,
    pub(crate) place: &'static str,
    pub(crate) paper: &'static str,
    pub(crate) rule: &'static str,
    judge: fn(&Evidence<'_>) -> (Verdict, String),
}

/// A claim with what was found.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) claim: &'static Claim,
    pub(crate) verdict: Verdict,
    pub(crate) found: String,
}

/// Seeds below which a trend over networks is not judged.
const SEEDS_FOR_A_TREND: usize = 3;

/// The claims, in the order of the paper.
const CLAIMS: [Claim; 7] = [
    Claim {
        id: "C1",
        statement: "Each synthetic image's pixels follow N(0, 1024)",
        place: "Fig. 1",
        paper: "the curves coincide",
        rule: "Reproduced where the KL of at least 95 % of test images is at most the 97.5 % quantile of its null; not where it is for less than 90 %; else inconclusive.",
        judge: c1,
    },
    Claim {
        id: "C2",
        statement: "CNN2 reaches zero training error, and P̂(F1) is then as close to P(X) as the image itself",
        place: "Fig. 2",
        paper: "KL of F1 0.49, of x 0.53",
        rule: "At the last epoch, the median over test images of KL[P(X)‖P̂(F1)] is at most the 97.5 % quantile of its null. Reproduced where that holds for all seeds that reached zero training error at some epoch, not where it holds for none; inconclusive where no seed reached it, or the seeds differ.",
        judge: c2,
    },
    Claim {
        id: "C3",
        statement: "The mean KL[P(X)‖P̂(F1)] falls as f1 gets more channels",
        place: "Fig. 3 left",
        paper: "CNN1 above CNN2 above CNN3",
        rule: "At the last epoch, KL falls from CNN1 to CNN2 to CNN3: reproduced where it does in at least three quarters of the seeds, not where it does in less than half; inconclusive between, and with fewer than three seeds.",
        judge: c3,
    },
    Claim {
        id: "C4",
        statement: "The test error falls as f1 gets more channels",
        place: "Fig. 3 right",
        paper: "CNN1 above CNN2 above CNN3",
        rule: "As C3, for the test error.",
        judge: c4,
    },
    Claim {
        id: "C5",
        statement: "KL and test error move together",
        place: "§4.3",
        paper: "read off Fig. 3",
        rule: "Spearman's correlation over all trainings on real labels at the last epoch: reproduced where at least 0.5, not where at most 0; inconclusive between, and with fewer than three seeds.",
        judge: c5,
    },
    Claim {
        id: "C6",
        statement: "On random labels CNN3 reaches zero training error within 200 epochs, at about 90 % test error",
        place: "Fig. 5",
        paper: "0 % and about 90 %",
        rule: "Reproduced where every seed reaches zero training error within 200 epochs and ends with a test error from 88 % to 92 %; not where, after at least 200 epochs, none has; else inconclusive.",
        judge: c6,
    },
    Claim {
        id: "C7",
        statement: "On random labels P̂(F1) stays as close to P(X)",
        place: "Fig. 4",
        paper: "KL of F1 0.47, of x 0.66",
        rule: "As C2, for CNN3 on random labels, whatever its training error.",
        judge: c7,
    },
];

/// Judges every claim.
pub(crate) fn judge(summaries: &[Summary]) -> Vec<Judged> {
    let evidence = Evidence { summaries };
    CLAIMS
        .iter()
        .map(|claim| {
            let (verdict, found) = (claim.judge)(&evidence);
            Judged { claim, verdict, found }
        })
        .collect()
}

struct Evidence<'a> {
    summaries: &'a [Summary],
}

const NETWORKS: [&str; 3] = ["cnn1", "cnn2", "cnn3"];

impl<'a> Evidence<'a> {
    /// The epochs of each seed, ascending.
    fn trainings(&self, network: &str, labels: &str) -> BTreeMap<i64, Vec<&'a Summary>> {
        let mut seeds: BTreeMap<i64, Vec<&Summary>> = BTreeMap::new();
        for summary in self.summaries {
            if summary.key.network == network && summary.key.labels == labels {
                seeds.entry(summary.key.seed).or_default().push(summary);
            }
        }
        seeds
    }

    /// Each seed's last epoch.
    fn last(&self, network: &str, labels: &str) -> BTreeMap<i64, &'a Summary> {
        let trainings = self.trainings(network, labels).into_iter();
        trainings.filter_map(|(seed, epochs)| Some((seed, *epochs.last()?))).collect()
    }
}

fn missing(what: &str) -> (Verdict, String) {
    (Verdict::Inconclusive, format!("there is no training of {what}"))
}

/// Reproduced where all hold, not where none does.
fn all_or_none(holds: &[bool]) -> Verdict {
    match holds.iter().filter(|holds| **holds).count() {
        0 if holds.is_empty() => Verdict::Inconclusive,
        0 => Verdict::NotReproduced,
        count if count == holds.len() => Verdict::Reproduced,
        _ => Verdict::Inconclusive,
    }
}

fn c1(evidence: &Evidence<'_>) -> (Verdict, String) {
    // No network changes the pixels: any training tells the same.
    let Some(summary) = evidence.summaries.first() else { return missing("any network") };
    let share = summary.x_within_null;
    let verdict = match share {
        share if share >= 0.95 => Verdict::Reproduced,
        share if share < 0.90 => Verdict::NotReproduced,
        _ => Verdict::Inconclusive,
    };
    let found = format!(
        "KL of x {:.4} (null {:.4}, up to {:.4}); {:.1} % of {} test images within the null",
        summary.kl_x_mean,
        summary.null_x.mean,
        summary.null_x.high,
        100.0 * share,
        summary.images
    );
    (verdict, found)
}

/// The medians of KL at the last epochs, and whether each is within its null.
fn closeness(summaries: &[&Summary]) -> (Vec<bool>, String) {
    let holds = summaries.iter().map(|summary| summary.kl_f1_median <= summary.null_f1.high).collect();
    let medians = OverSeeds::of(summaries.iter().map(|summary| summary.kl_f1_median));
    let text = match summaries.first() {
        None => String::new(),
        Some(first) => format!(
            "median KL of F1 {} (null {:.3}, up to {:.3}), of x {:.3}",
            range(medians, 3, ""),
            first.null_f1.mean,
            first.null_f1.high,
            first.kl_x_mean
        ),
    };
    (holds, text)
}

/// A number over seeds: the one value, or the mean with its range.
fn range(over: OverSeeds, digits: usize, unit: &str) -> String {
    let OverSeeds { seeds, mean, min, max, .. } = over;
    if seeds < 2 {
        return format!("{mean:.digits$}{unit}");
    }
    format!("{mean:.digits$}{unit} ({min:.digits$} to {max:.digits$}{unit} over {seeds} seeds)")
}

fn c2(evidence: &Evidence<'_>) -> (Verdict, String) {
    let trainings = evidence.trainings("cnn2", "real");
    if trainings.is_empty() {
        return missing("CNN2 on real labels");
    }
    let least = OverSeeds::of(trainings.values().map(|epochs| 100.0 * least_training_error(epochs)));
    let fitted: Vec<&Summary> = trainings
        .values()
        .filter(|epochs| least_training_error(epochs) == 0.0)
        .filter_map(|epochs| epochs.last().copied())
        .collect();
    let last: Vec<&Summary> = trainings.values().filter_map(|epochs| epochs.last().copied()).collect();
    let (holds, _) = closeness(&fitted);
    let (_, text) = closeness(&last);
    (all_or_none(&holds), format!("least training error {}; {text}", range(least, 2, " %")))
}

fn least_training_error(epochs: &[&Summary]) -> f64 {
    epochs.iter().map(|summary| summary.errors.training_error).fold(f64::INFINITY, f64::min)
}

/// Whether a number falls from network to network, seed by seed.
fn trend(
    evidence: &Evidence<'_>,
    number: fn(&Summary) -> f64,
    digits: usize,
    unit: &str,
) -> (Verdict, String) {
    let networks = NETWORKS.map(|network| evidence.last(network, "real"));
    if let Some(index) = networks.iter().position(BTreeMap::is_empty) {
        return missing(&format!("{} on real labels", NETWORKS[index].to_uppercase()));
    }
    let [first, second, third] = &networks;
    let in_all = |seed: &&i64| second.contains_key(seed) && third.contains_key(seed);
    let seeds: BTreeSet<i64> = first.keys().filter(in_all).copied().collect();
    let falls = seeds.iter().filter(|seed| {
        let values = [first, second, third].map(|network| number(network[*seed]));
        values[0] > values[1] && values[1] > values[2]
    });
    let (falls, seeds) = (falls.count(), seeds.len());
    let verdict = if seeds < SEEDS_FOR_A_TREND {
        Verdict::Inconclusive
    } else if 4 * falls >= 3 * seeds {
        Verdict::Reproduced
    } else if 2 * falls < seeds {
        Verdict::NotReproduced
    } else {
        Verdict::Inconclusive
    };
    let means = NETWORKS.iter().zip(&networks).map(|(name, network)| {
        let over = OverSeeds::of(network.values().map(|summary| number(summary)));
        format!("{} {:.digits$}{unit}", name.to_uppercase(), over.mean)
    });
    let means = means.collect::<Vec<_>>().join(", ");
    (verdict, format!("{means}; falls in {falls} of {seeds} seeds"))
}

fn c3(evidence: &Evidence<'_>) -> (Verdict, String) {
    trend(evidence, |summary| summary.kl_f1_mean, 3, "")
}

fn c4(evidence: &Evidence<'_>) -> (Verdict, String) {
    trend(evidence, |summary| 100.0 * summary.errors.test_error, 2, " %")
}

fn c5(evidence: &Evidence<'_>) -> (Verdict, String) {
    let networks = NETWORKS.map(|network| evidence.last(network, "real"));
    let seeds = networks.iter().map(BTreeMap::len).min().unwrap_or(0);
    let all: Vec<&Summary> = networks.iter().flat_map(|network| network.values().copied()).collect();
    let kl: Vec<f64> = all.iter().map(|summary| summary.kl_f1_mean).collect();
    let error: Vec<f64> = all.iter().map(|summary| summary.errors.test_error).collect();
    let Some(rho) = spearman(&kl, &error) else { return missing("two networks on real labels") };
    let verdict = match rho {
        _ if seeds < SEEDS_FOR_A_TREND => Verdict::Inconclusive,
        rho if rho >= 0.5 => Verdict::Reproduced,
        rho if rho <= 0.0 => Verdict::NotReproduced,
        _ => Verdict::Inconclusive,
    };
    (verdict, format!("Spearman's correlation {rho:.2} over {} trainings", all.len()))
}

fn c6(evidence: &Evidence<'_>) -> (Verdict, String) {
    let trainings = evidence.trainings("cnn3", "random");
    let within: Vec<Vec<&Summary>> = trainings
        .into_values()
        .map(|epochs| epochs.into_iter().filter(|summary| summary.key.epoch <= 200).collect())
        .collect();
    let last: Vec<&Summary> =
        within.iter().filter_map(|epochs: &Vec<&Summary>| epochs.last().copied()).collect();
    if last.is_empty() {
        return missing("CNN3 on random labels");
    }
    let holds: Vec<bool> = within
        .iter()
        .zip(&last)
        .map(|(epochs, last)| {
            least_training_error(epochs) == 0.0 && (0.88..=0.92).contains(&last.errors.test_error)
        })
        .collect();
    let whole = last.iter().all(|summary| summary.key.epoch >= 200);
    let verdict = match all_or_none(&holds) {
        Verdict::NotReproduced if !whole => Verdict::Inconclusive,
        verdict => verdict,
    };
    let least = OverSeeds::of(within.iter().map(|epochs| 100.0 * least_training_error(epochs)));
    let test = OverSeeds::of(last.iter().map(|summary| 100.0 * summary.errors.test_error));
    let epochs = last.iter().map(|summary| summary.key.epoch).min().unwrap_or(0);
    let found = format!(
        "after {epochs} epochs, least training error {}, test error {}",
        range(least, 2, " %"),
        range(test, 1, " %")
    );
    (verdict, found)
}

fn c7(evidence: &Evidence<'_>) -> (Verdict, String) {
    let random: Vec<&Summary> = evidence.last("cnn3", "random").into_values().collect();
    if random.is_empty() {
        return missing("CNN3 on random labels");
    }
    let (holds, text) = closeness(&random);
    let real: Vec<&Summary> = evidence.last("cnn3", "real").into_values().collect();
    let on_real = OverSeeds::of(real.iter().map(|summary| summary.kl_f1_median));
    let text =
        if real.is_empty() { text } else { format!("{text}; on real labels {}", range(on_real, 3, "")) };
    (all_or_none(&holds), text)
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
