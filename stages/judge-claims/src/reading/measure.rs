//! One statistic of a rule: from its map in the file to its type, with the field where something is wrong, and with what makes
//! no sense refused.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_yaml::{Mapping, Value};

use super::{LONGEST_TEXT, is_line};
use crate::rules::{
    BothLabels, Estimate, Measure, Number, Otherwise, OverNetworks, Subject, Trainings, When,
};

/// A statistic's name, and how the rest of its map is read.
type Named = (&'static str, fn(Mapping) -> Result<Measure, String>);

/// Every statistic.
const STATISTICS: [Named; 13] = [
    ("reaches_zero_training_error", |map| fields(map).map(Measure::ReachesZeroTrainingError)),
    ("least_training_error", |map| fields(map).map(Measure::LeastTrainingError)),
    ("test_error", |map| fields(map).map(Measure::TestError)),
    ("kl_f1", |map| fields(map).map(Measure::KlF1)),
    ("excess_f1", |map| fields(map).map(Measure::ExcessF1)),
    ("f1_beyond_null", |map| fields(map).map(Measure::F1BeyondNull)),
    ("shape_beyond_null", |map| fields(map).map(Measure::ShapeBeyondNull)),
    ("f1_beyond_real_labels", |map| fields(map).map(Measure::F1BeyondRealLabels)),
    ("trend", |map| fields(map).map(Measure::Trend)),
    ("correlation_within_networks", |map| fields(map).map(Measure::CorrelationWithinNetworks)),
    ("correlation_between_networks", |map| fields(map).map(Measure::CorrelationBetweenNetworks)),
    ("estimate", |map| fields(map).map(|estimate| Measure::Estimate(Box::new(estimate)))),
    ("theory", |map| fields(map).map(Measure::Theory)),
];

/// The fields of a statistic, from a map; or what is wrong, with the field's name before it.
fn fields<T: DeserializeOwned>(map: Mapping) -> Result<T, String> {
    serde_path_to_error::deserialize(Value::Mapping(map)).map_err(|error| {
        let (field, wrong) = (error.path().to_string(), error.inner());
        if field == "." { wrong.to_string() } else { format!("{field}: {wrong}") }
    })
}

// By hand, as serde's own tagged enums don't say in which field something is wrong.
impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Measure, D::Error> {
        let mut map = Mapping::deserialize(deserializer)?;
        let names: Vec<&str> = STATISTICS.iter().map(|(name, _)| *name).collect();
        let expected = || format!("expected one of `{}`", names.join("`, `"));
        let name = match map.remove("statistic") {
            Some(Value::String(name)) => name,
            Some(_) => return Err(D::Error::custom(format!("statistic: this is no name, {}", expected()))),
            None => return Err(D::Error::missing_field("statistic")),
        };
        match STATISTICS.iter().find(|(known, _)| *known == name) {
            Some((_, read)) => read(map).map_err(D::Error::custom),
            None => Err(D::Error::custom(format!("statistic: unknown variant `{name}`, {}", expected()))),
        }
    }
}

pub(super) fn check(measure: &Measure) -> Result<(), String> {
    if let Some(text) = texts(measure).into_iter().find(|text| !is_line(text)) {
        return Err(format!("{text:?} is not one line of up to {LONGEST_TEXT} characters"));
    }
    let correlates =
        matches!(measure, Measure::CorrelationWithinNetworks(_) | Measure::CorrelationBetweenNetworks(_));
    match measure.subject() {
        Subject::OneNetwork(Trainings { epochs, .. }) | Subject::AllNetworks(OverNetworks { epochs, .. })
            if *epochs < 1 =>
        {
            Err("`epochs` is 1 or more".to_owned())
        }
        Subject::BothLabels(BothLabels { random_epochs, real_epochs, .. })
            if *random_epochs < 1 || *real_epochs < 1 =>
        {
            Err("`random_epochs` and `real_epochs` are 1 or more".to_owned())
        }
        Subject::AllNetworks(over) if correlates && over.of == Number::TestError => Err(
            "the test error's correlation with itself is 1; `of` is kl_f1_mean or kl_f1_standardised_mean"
                .to_owned(),
        ),
        Subject::Estimates(estimate) => check_estimate(estimate),
        _ => Ok(()),
    }
}

/// Every text that a statistic looks for in a table.
fn texts(measure: &Measure) -> Vec<&str> {
    match measure.subject() {
        Subject::OneNetwork(Trainings { network, labels, .. }) => vec![network, labels],
        Subject::AllNetworks(OverNetworks { labels, .. }) => vec![labels],
        Subject::BothLabels(BothLabels { network, .. }) => vec![network],
        Subject::Theory(theory) => {
            let mut texts = vec![theory.claim.as_str(), &theory.kind, &theory.statistic];
            texts.extend(theory.check.as_deref());
            texts
        }
        Subject::Estimates(estimate) => {
            let Estimate {
                variable, of, bins, smoothing, against, network, labels, made_with, minus, ..
            } = estimate;
            let mut texts = vec![variable.as_str(), of, bins, smoothing, against];
            texts.extend([network, labels].into_iter().flatten().map(String::as_str));
            texts.extend(
                made_with.iter().flat_map(|(param, value)| [Some(param.as_str()), value.as_str()]).flatten(),
            );
            texts.extend(
                minus.iter().flat_map(|minus| [&minus.against, &minus.network]).flatten().map(String::as_str),
            );
            texts
        }
    }
}

fn check_estimate(estimate: &Estimate) -> Result<(), String> {
    if let Some(Otherwise { against, network, epoch }) = &estimate.minus {
        // What is the same as in the row itself would leave nothing: X - X = 0.
        let same =
            |field: &str| Err(format!("`minus` names what is otherwise, but its `{field}` is the row's own"));
        match (against, network, epoch) {
            (None, None, None) => {
                return Err("`minus` names what is otherwise: against, network or epoch".to_owned());
            }
            (Some(against), _, _) if *against == estimate.against => return same("against"),
            (_, Some(network), _) if Some(network) == estimate.network.as_ref() => return same("network"),
            (_, _, Some(epoch)) if Some(epoch) == estimate.epoch.as_ref() => return same("epoch"),
            (_, _, Some(When::First | When::Last)) if estimate.epoch.is_none() => {
                return Err("where `minus` names an epoch, the row's own `epoch` is named, too".to_owned());
            }
            _ => {}
        }
    }
    let is_plain = |value: &serde_json::Value| value.is_string() || value.is_number() || value.is_boolean();
    match estimate.made_with.values().all(is_plain) {
        true => Ok(()),
        false => Err("a param in `made_with` is text, a number, true or false".to_owned()),
    }
}
