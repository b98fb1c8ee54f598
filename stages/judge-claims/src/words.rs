//! Rules and findings as sentences.

use crate::judge::{Decided, Judged, Looked};
use crate::measures::{Scale, Units};
use crate::rules::{
    BothLabels, Condition, Estimate, EstimateColumn, Measure, Number, OverNetworks, Subject, Trainings, When,
};
use crate::verdict::Verdict;

/// The unit of a statistic, which says how its numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// In nats or without a unit: three digits.
    Plain,
    /// A share: per cent.
    Share,
    /// An error that may be tiny: powers of ten.
    Small,
}

impl Unit {
    fn of(measure: &Measure) -> Unit {
        match (Scale::of(measure), measure) {
            (Scale::YesNo | Scale::Share, _) => Unit::Share,
            (_, Measure::Estimate(estimate)) if estimate.column == EstimateColumn::WithinNull => Unit::Share,
            (_, Measure::Theory(_)) => Unit::Small,
            _ => Unit::Plain,
        }
    }

    fn write(self, value: f64) -> String {
        match self {
            Unit::Plain => format!("{value:.3}"),
            Unit::Share => format!("{:.2} %", 100.0 * value),
            Unit::Small if value == 0.0 || (0.001..1000.0).contains(&value.abs()) => format!("{value:.3}"),
            Unit::Small => format!("{value:.1e}"),
        }
    }

    /// A threshold, which is a round number.
    fn bound(self, value: f64) -> String {
        match self {
            // Rounded, as 100 times a number with few digits may have many.
            Unit::Share => format!("{} %", (1e12 * value).round() / 1e10),
            Unit::Small if value != 0.0 && value.abs() < 0.001 => format!("{value:e}"),
            _ => format!("{value}"),
        }
    }
}

/// The unit of a statistic in tables: nats, share, or none.
pub(crate) fn unit(measure: &Measure) -> &'static str {
    let is_divergence = match measure {
        Measure::KlF1(_)
        | Measure::ExcessF1(_)
        | Measure::F1BeyondNull(_)
        | Measure::ShapeBeyondNull(_)
        | Measure::F1BeyondRealLabels(_) => true,
        Measure::Estimate(estimate) => estimate.of.starts_with("kl"),
        // As in `median_kl`.
        Measure::Theory(theory) => theory.statistic.ends_with("kl"),
        _ => false,
    };
    let is_part = matches!(measure, Measure::Theory(theory) if SHARES.contains(&theory.statistic.as_str()));
    match Unit::of(measure) {
        Unit::Share => "share",
        _ if is_part => "share",
        _ if is_divergence => "nats",
        _ => "",
    }
}

/// What checks of the theory tell as shares.
const SHARES: [&str; 3] = ["switched", "inactive", "other_class"];

/// The name of a statistic in tables.
pub(crate) fn statistic(measure: &Measure) -> &'static str {
    match measure {
        Measure::ReachesZeroTrainingError(_) => "reaches_zero_training_error",
        Measure::LeastTrainingError(_) => "least_training_error",
        Measure::TestError(_) => "test_error",
        Measure::KlF1(_) => "kl_f1",
        Measure::ExcessF1(_) => "excess_f1",
        Measure::F1BeyondNull(_) => "f1_beyond_null",
        Measure::ShapeBeyondNull(_) => "shape_beyond_null",
        Measure::F1BeyondRealLabels(_) => "f1_beyond_real_labels",
        Measure::Trend(_) => "trend",
        Measure::CorrelationWithinNetworks(_) => "correlation_within_networks",
        Measure::CorrelationBetweenNetworks(_) => "correlation_between_networks",
        Measure::Estimate(_) => "estimate",
        Measure::Theory(_) => "theory",
    }
}

/// A statistic in words.
pub(crate) fn name(measure: &Measure) -> String {
    match measure {
        Measure::ReachesZeroTrainingError(_) => "share that reaches zero training error".to_owned(),
        Measure::LeastTrainingError(_) => "least training error".to_owned(),
        Measure::TestError(_) => "test error".to_owned(),
        Measure::KlF1(_) => "mean KL of F1".to_owned(),
        Measure::ExcessF1(_) => "mean KL of F1 less its null's mean".to_owned(),
        Measure::F1BeyondNull(_) => "median KL of F1 less its null's 97.5 % quantile".to_owned(),
        Measure::ShapeBeyondNull(_) => "mean KL of F1's shape less its null's 97.5 % quantile".to_owned(),
        Measure::F1BeyondRealLabels(_) => {
            "median KL of F1 less that on real labels and what chance adds".to_owned()
        }
        Measure::Trend(over) => format!("correlation of {} with f1's channels", number(over.of)),
        Measure::CorrelationWithinNetworks(over) => {
            format!("correlation of {} with the test error over a network's epochs", number(over.of))
        }
        Measure::CorrelationBetweenNetworks(over) => {
            format!("correlation of {} with the test error over networks", number(over.of))
        }
        Measure::Estimate(estimate) => {
            let of = in_words(&estimate.of);
            match estimate.column {
                EstimateColumn::Mean => of,
                EstimateColumn::Excess => format!("{of} less its null's mean"),
                EstimateColumn::WithinNull => format!("share of images within the null of {of}"),
            }
        }
        Measure::Theory(theory) => match theory.statistic.as_str() {
            // What the share is of stands in the check's own name.
            "switched" => "largest share".to_owned(),
            "inactive" | "other_class" => "mean share".to_owned(),
            "slope" => "slope in log-log".to_owned(),
            statistic => in_words(statistic),
        },
    }
}

/// As in `median KL` for `median_kl`.
fn in_words(statistic: &str) -> String {
    let words = statistic.split('_').map(|word| if word == "kl" { "KL" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn number(of: Number) -> &'static str {
    match of {
        Number::KlF1Mean => "the KL of F1",
        Number::KlF1StandardisedMean => "the KL of F1's shape",
        Number::TestError => "the test error",
    }
}

/// Of what a statistic is.
pub(crate) fn about(measure: &Measure) -> String {
    match measure.subject() {
        Subject::OneNetwork(Trainings { network, labels, epochs }) => {
            format!("{} on {labels} labels, {epochs} epochs", of_network(network))
        }
        Subject::AllNetworks(OverNetworks { labels, epochs, .. }) => {
            let epochs = match measure {
                Measure::Trend(_) => format!("epoch {epochs}"),
                _ => format!("epochs 1 to {epochs}"),
            };
            format!("CNN1 to CNN3 on {labels} labels, {epochs}")
        }
        Subject::BothLabels(BothLabels { network, random_epochs, real_epochs }) => {
            format!(
                "{}, epoch {random_epochs} on random labels, epoch {real_epochs} on real ones",
                of_network(network)
            )
        }
        Subject::Estimates(estimate) => of_estimate(estimate),
        Subject::Theory(theory) => match (&theory.check, theory.kind.as_str()) {
            (Some(check), _) => check.clone(),
            (None, "as printed") => "every formula as printed".to_owned(),
            (None, kind) => format!("every {kind}"),
        },
    }
}

/// A network's name as the paper writes it; another one as tables do.
fn of_network(network: &str) -> String {
    if network.starts_with("cnn") { network.to_uppercase() } else { format!("network {network}") }
}

fn of_estimate(estimate: &Estimate) -> String {
    let when = |when: When| match when {
        When::First => "first epoch",
        When::Last => "last epoch",
    };
    let variable = match estimate.variable.as_str() {
        "x" => "pixels",
        "f1" => "energies of F1",
        "f1_standardised" => "F1's shape",
        other => other,
    };
    let mut parts = vec![variable.to_owned()];
    parts.extend([&estimate.bins, &estimate.smoothing].into_iter().filter(|text| !text.is_empty()).cloned());
    parts.push(format!("against {}", estimate.against));
    parts.extend(estimate.network.as_ref().map(|network| of_network(network)));
    parts.extend(estimate.labels.as_ref().map(|labels| format!("{labels} labels")));
    parts.extend(estimate.epoch.map(|epoch| when(epoch).to_owned()));
    parts.extend(estimate.made_with.iter().map(|(param, value)| {
        // Without the stage, as in `variance 1024`.
        let param = param.rsplit('.').next().unwrap_or(param);
        value.as_str().map_or_else(|| format!("{param} {value}"), |text| format!("{param} {text}"))
    }));
    if let Some(minus) = &estimate.minus {
        let mut other: Vec<String> = Vec::new();
        other.extend(minus.against.as_ref().map(|against| format!("against {against}")));
        other.extend(minus.network.as_ref().map(|network| format!("of {}", of_network(network))));
        other.extend(minus.epoch.map(|epoch| format!("at the {}", when(epoch))));
        parts.push(format!("less the same {}", other.join(", ")));
    }
    parts.join(", ")
}

/// What a condition asks, as in `CNN1 on real labels, 30 epochs: test error at most 5 % (over 10 seeds or more)`.
fn condition(decided: &Decided) -> String {
    let Condition { measure, bound, needs } = &decided.condition;
    let unit = Unit::of(measure);
    let bound = format!("{} {}", bound.direction(), unit.bound(bound.threshold()));
    let units = decided.looked.measured.units;
    let over = match (units, needs) {
        (Units::Checkpoints, _) => format!("in each checkpoint, {needs} at least"),
        (_, 1) => format!("over {} or more; one by itself has no interval", counted(1, units)),
        _ => format!("over {} or more", counted(*needs, units)),
    };
    format!("{}: {} {bound} ({over})", about(measure), name(measure))
}

fn is_of_checkpoints(decided: &Decided) -> bool {
    decided.looked.measured.units == Units::Checkpoints
}

/// The rule of a claim.
pub(crate) fn rule(judged: &Judged) -> String {
    let all = |conditions: &[Decided]| conditions.iter().map(condition).collect::<Vec<_>>().join("; ");
    let supposed = match judged.supposed.as_slice() {
        [] => String::new(),
        supposed => format!("Asked only where {}. ", all(supposed)),
    };
    let of_checkpoints = judged.decided.iter().filter(|one| is_of_checkpoints(one)).count();
    let each = if of_checkpoints == 0 {
        "Holds where every 95 % interval is wholly so, fails where one is wholly otherwise"
    } else if of_checkpoints == judged.decided.len() {
        "Holds where all is so for every checkpoint, fails where something is otherwise for one"
    } else {
        "Holds where every 95 % interval is wholly so and every checkpoint is, fails where one interval is wholly otherwise or \
         one checkpoint is"
    };
    format!("{supposed}{}. {each}; else it stays open.", all(&judged.decided))
}

/// As in `1 seed` and `2 seeds`.
fn counted(count: usize, units: Units) -> String {
    let name = units.name();
    match count {
        1 => format!("1 {}", name.trim_end_matches('s')),
        _ => format!("{count} {name}"),
    }
}

/// A number with its interval, its null and its p-value.
fn finding(looked: &Looked) -> String {
    let unit = Unit::of(&looked.measure);
    let (measured, estimated) = (&looked.measured, &looked.estimated);
    let (about, name) = (about(&looked.measure), name(&looked.measure));
    let count = match &measured.values {
        Ok(values) => values.len(),
        Err(why) => return format!("{about}: {name} unknown ({why})"),
    };
    let units = counted(count, measured.units);
    let interval = if estimated.low.is_nan() {
        units
    } else if measured.units == Units::Checkpoints {
        format!("the worst of {units}; their median {}", unit.write(measured.median()))
    } else if estimated.low == estimated.high && count > 1 {
        // No spread is no certainty: a correlation over three networks has few values that it can take.
        format!("the same in all {units}")
    } else {
        format!("{} to {}, {units}", unit.write(estimated.low), unit.write(estimated.high))
    };
    let mut text = format!("{about}: {name} {} ({interval})", unit.write(estimated.value));
    text.push_str(&by_chance(looked));
    if let Some(p) = measured.p_value {
        text.push_str(&format!(", Page's test that it falls p = {p:.2}"));
    }
    text
}

/// The share of images within a null that exact samples of P(X) have; none for what is no such share.
pub(crate) fn share_by_chance(measure: &Measure) -> Option<f64> {
    let Measure::Estimate(estimate) = measure else { return None };
    // What can miss on both sides is held against both ends of the null.
    let share = if matches!(estimate.of.as_str(), "mean" | "sd") { 0.95 } else { 0.975 };
    (Unit::of(measure) == Unit::Share && estimate.minus.is_none()).then_some(share)
}

/// What exact samples of P(X) give.
fn by_chance(looked: &Looked) -> String {
    if Unit::of(&looked.measure) == Unit::Share {
        let share = share_by_chance(&looked.measure);
        return share.map_or(String::new(), |share| format!(", exact samples {}", Unit::Share.bound(share)));
    }
    let Some(null) = looked.measured.null else { return String::new() };
    let [mean, low, high] = [null.mean, null.low, null.high].map(|value| format!("{value:.3}"));
    // Where the number itself is what is left over a null, that one is meant.
    let which = match &looked.measure {
        Measure::KlF1(_) => "null",
        Measure::Estimate(estimate) if estimate.column == EstimateColumn::Mean => "null",
        _ => "that null",
    };
    format!(", {which} {mean} ({low} to {high})")
}

/// What was found by what the claim supposes, where that is not so, and by what decides.
pub(crate) fn found(judged: &Judged) -> String {
    let one = |decided: &Decided| {
        let (measured, needs) = (&decided.looked.measured, decided.condition.needs);
        let outcome = match decided.verdict {
            Verdict::Reproduced => "met".to_owned(),
            Verdict::NotReproduced => "contradicted".to_owned(),
            Verdict::Inconclusive if measured.values.is_ok() && measured.values().len() < needs => {
                format!("open, it needs {needs}")
            }
            Verdict::Inconclusive => "open".to_owned(),
        };
        format!("{}: {outcome}", finding(&decided.looked))
    };
    let supposed = judged.supposed.iter().map(|decided| match decided.verdict {
        Verdict::NotReproduced => format!("what it supposes is not so: {}", one(decided)),
        _ => format!("it supposes: {}", one(decided)),
    });
    supposed.chain(judged.decided.iter().map(one)).collect::<Vec<_>>().join("; ")
}

/// What was found beside it.
pub(crate) fn beside(judged: &Judged) -> String {
    judged.beside.iter().map(finding).collect::<Vec<_>>().join("; ")
}
