//! Rules and findings as sentences.

use crate::judge::{Decided, Judged, Looked};
use crate::measures::Units;
use crate::rules::{
    Condition, Estimate, EstimateColumn, Measure, Number, OverNetworks, Subject, Trainings, When,
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
        match measure {
            Measure::ReachesZeroTrainingError(_) | Measure::LeastTrainingError(_) | Measure::TestError(_) => {
                Unit::Share
            }
            Measure::Estimate(estimate) if estimate.column == EstimateColumn::WithinNull => Unit::Share,
            Measure::Theory(_) => Unit::Small,
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
            Unit::Share => format!("{} %", 100.0 * value),
            Unit::Small if value != 0.0 && value.abs() < 0.001 => format!("{value:e}"),
            _ => format!("{value}"),
        }
    }
}

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
        Measure::F1BeyondRealLabels { .. } => "f1_beyond_real_labels",
        Measure::Trend(_) => "trend",
        Measure::CorrelationWithinNetworks(_) => "correlation_within_networks",
        Measure::CorrelationBetweenNetworks(_) => "correlation_between_networks",
        Measure::Estimate(_) => "estimate",
        Measure::Theory(_) => "theory",
    }
}

/// A statistic in words.
fn name(measure: &Measure) -> String {
    match measure {
        Measure::ReachesZeroTrainingError(_) => "share that reaches zero training error".to_owned(),
        Measure::LeastTrainingError(_) => "least training error".to_owned(),
        Measure::TestError(_) => "test error".to_owned(),
        Measure::KlF1(_) => "mean KL of F1".to_owned(),
        Measure::ExcessF1(_) => "mean KL of F1 less its null's mean".to_owned(),
        Measure::F1BeyondNull(_) => "median KL of F1 less its null's 97.5 % quantile".to_owned(),
        Measure::ShapeBeyondNull(_) => "mean KL of F1's shape less its null's 97.5 % quantile".to_owned(),
        Measure::F1BeyondRealLabels { .. } => {
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
            let column = match estimate.column {
                EstimateColumn::Mean => "",
                EstimateColumn::Excess => "excess over its null of ",
                EstimateColumn::WithinNull => "share of images within the null of ",
            };
            format!("{column}{}", in_words(&estimate.of))
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
            format!("{} on {labels} labels, {epochs} epochs", network.to_uppercase())
        }
        Subject::AllNetworks(OverNetworks { labels, epochs, .. }) => {
            let epochs = match measure {
                Measure::Trend(_) => format!("epoch {epochs}"),
                _ => format!("epochs 1 to {epochs}"),
            };
            format!("CNN1 to CNN3 on {labels} labels, {epochs}")
        }
        Subject::BothLabels(network) => format!("{}, last epochs", network.to_uppercase()),
        Subject::Estimates(estimate) => of_estimate(estimate),
        Subject::Theory(theory) => match (&theory.check, theory.kind.as_str()) {
            (Some(check), _) => check.clone(),
            (None, "as printed") => "every formula as printed".to_owned(),
            (None, kind) => format!("every {kind}"),
        },
    }
}

fn of_estimate(estimate: &Estimate) -> String {
    let when = |when: When| match when {
        When::First => "first epoch",
        When::Last => "last epoch",
    };
    let mut parts = vec![estimate.variable.clone()];
    parts.extend([&estimate.bins, &estimate.smoothing].into_iter().filter(|text| !text.is_empty()).cloned());
    parts.push(format!("against {}", estimate.against));
    parts.extend(estimate.network.as_ref().map(|network| network.to_uppercase()));
    parts.extend(estimate.labels.as_ref().map(|labels| format!("{labels} labels")));
    parts.extend(estimate.epoch.map(|epoch| when(epoch).to_owned()));
    parts.extend(estimate.made_with.iter().map(|(param, value)| {
        let name = param.rsplit_once('.').map_or(param.as_str(), |(_, name)| name);
        value.as_str().map_or_else(|| format!("{name} {value}"), |text| format!("{name} {text}"))
    }));
    if let Some(minus) = &estimate.minus {
        let mut other: Vec<String> = Vec::new();
        other.extend(minus.against.as_ref().map(|against| format!("against {against}")));
        other.extend(minus.network.as_ref().map(|network| network.to_uppercase()));
        other.extend(minus.epoch.map(|epoch| when(epoch).to_owned()));
        parts.push(format!("less the same with {}", other.join(", ")));
    }
    parts.join(", ")
}

/// What a condition asks, as in `CNN1 on real labels, 30 epochs: test error at most 5 % (over 10 seeds or more)`.
fn condition(decided: &Decided) -> String {
    let Condition { measure, bound, needs } = &decided.condition;
    let unit = Unit::of(measure);
    let bound = format!("{} {}", bound.direction(), unit.bound(bound.threshold()));
    let units = counted(*needs, decided.looked.measured.units);
    let over = if is_of_checkpoints(decided) { "in each of" } else { "over" };
    format!("{}: {} {bound} ({over} {units} or more)", about(measure), name(measure))
}

fn is_of_checkpoints(decided: &Decided) -> bool {
    decided.looked.measured.units == Units::Checkpoints
}

/// The rule of a claim.
pub(crate) fn rule(judged: &Judged) -> String {
    let conditions: Vec<String> = judged.decided.iter().map(condition).collect();
    let of_checkpoints = judged.decided.iter().filter(|one| is_of_checkpoints(one)).count();
    let each = if of_checkpoints == 0 {
        "Reproduced where every 95 % interval is wholly so, not reproduced where one is wholly otherwise"
    } else if of_checkpoints == judged.decided.len() {
        "Reproduced where all is so for every checkpoint, not reproduced where something is otherwise for one"
    } else {
        "Reproduced where every 95 % interval is wholly so and every checkpoint is, not reproduced where one interval is wholly \
         otherwise or one checkpoint is"
    };
    format!("{}. {each}; else inconclusive.", conditions.join("; "))
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

/// What exact samples of P(X) give.
fn by_chance(looked: &Looked) -> String {
    if let (Measure::Estimate(estimate), Unit::Share) = (&looked.measure, Unit::of(&looked.measure)) {
        // What can miss on both sides is held against both ends of the null.
        let share = if matches!(estimate.of.as_str(), "mean" | "sd") { "95 %" } else { "97.5 %" };
        return if estimate.minus.is_none() { format!(", exact samples {share}") } else { String::new() };
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

/// What was found by what decides.
pub(crate) fn found(judged: &Judged) -> String {
    let one = |decided: &Decided| {
        let outcome = match decided.verdict {
            Verdict::Reproduced => "met",
            Verdict::NotReproduced => "contradicted",
            Verdict::Inconclusive => "open",
        };
        format!("{}: {outcome}", finding(&decided.looked))
    };
    judged.decided.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What was found beside it.
pub(crate) fn beside(judged: &Judged) -> String {
    judged.beside.iter().map(finding).collect::<Vec<_>>().join("; ")
}
