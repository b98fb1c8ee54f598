//! What `--set` says: another value for a param, an axis or a variable.

use crate::faults::{self, Fault, Place};
use crate::file::{Given, Pipeline};
use crate::value::Value;
use crate::yaml::{self, Node};

/// One `--set`.
pub(crate) enum Setting {
    /// `STAGE.PARAM=VALUE`.
    Param { stage: String, param: String, value: Value, text: String },
    /// `VARIABLE=VALUE`.
    Variable { name: String, value: Node, text: String },
}

/// Reads the text of a `--set`.
pub(crate) fn parse(text: &str, faults: &mut Vec<Fault>) -> Option<Setting> {
    let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        faults::add(faults, || {
            let place = Place::Set(text.to_owned());
            Fault::new(place, "this sets nothing").help("write STAGE.PARAM=VALUE, or VARIABLE=VALUE")
        });
        return None;
    };
    let node = yaml::parse(value).unwrap_or(Node::Null);
    let plain = || Value::Text(value.to_owned());
    let text = text.to_owned();
    Some(match name.split_once('.') {
        Some((stage, param)) => {
            let value = if let Node::Scalar(value) = node { value } else { plain() };
            Setting::Param { stage: stage.to_owned(), param: param.to_owned(), value, text }
        }
        None => {
            let value =
                if matches!(node, Node::List(_) | Node::Scalar(_)) { node } else { Node::Scalar(plain()) };
            Setting::Variable { name: name.to_owned(), value, text }
        }
    })
}

/// Sets params, and makes axes have one value. Variables are filled in before there is a pipeline.
pub(crate) fn apply(pipeline: &mut Pipeline, settings: &[Setting], faults: &mut Vec<Fault>) {
    for setting in settings {
        let Setting::Param { stage, param, value, text } = setting else { continue };
        let place = Place::Set(text.clone());
        let Some(number) = pipeline.stages.iter().position(|s| s.name == *stage) else {
            faults::add(faults, || {
                let names = pipeline.stages.iter().map(|s| s.name.as_str());
                Fault::new(place, format!("there is no stage `{stage}`")).nearest(stage, names)
            });
            continue;
        };
        let given = Given { value: value.clone(), place };
        let Some(stage) = pipeline.stages.get_mut(number) else { continue };
        let mut axes = stage.matrix.iter_mut().flat_map(|block| &mut block.axes);
        let mut is_axis = false;
        for (_, values) in axes.by_ref().filter(|(axis, _)| axis == param) {
            *values = vec![given.clone()];
            is_axis = true;
        }
        if !is_axis {
            stage.params.retain(|(name, _)| name != param);
            stage.params.push((param.clone(), given));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workshop::{planned, right, wrong};

    #[test]
    fn a_param_is_set_or_an_axis_has_one_value() {
        let text = "  train: {params: {epochs: 3}, matrix: [{seed: [1, 2]}, {seed: [3], network: [b]}]}\n";
        let pipeline = right(text, &["train.epochs=5", "train.seed=9"]);
        let stage = &pipeline.stages[0];
        assert_eq!(stage.params[0].1.value, Value::Integer(5));
        let seeds: Vec<_> =
            stage.axes().filter(|(axis, _)| axis == "seed").map(|(_, values)| values.len()).collect();
        assert_eq!(seeds, [1, 1]);
        assert_eq!(planned(text, &["train.seed=9"]).processes.len(), 2);
    }

    #[test]
    fn a_set_that_cannot_be_is_a_fault_of_the_command_line() {
        for (set, said, help) in [
            ("train", "this sets nothing", "write STAGE.PARAM=VALUE, or VARIABLE=VALUE"),
            ("=1", "this sets nothing", "write STAGE.PARAM=VALUE, or VARIABLE=VALUE"),
            ("trian.seed=1", "there is no stage `trian`", "did you mean `train`?"),
            ("train.sed=1", "stage `train` has no param `sed`", "did you mean `seed`?"),
            ("train.seed=x", "param `seed`: `x` is text, not a whole number", ""),
            ("train.seed=[1]", "param `seed`: `[1]` is text, not a whole number", ""),
            ("seed=1", "there is no variable `seed`", "a param is written STAGE.PARAM=VALUE"),
        ] {
            let fault = &wrong("  train: {}\n", &[set])[0];
            assert_eq!((fault.set.as_deref(), fault.message.as_str()), (Some(set), said));
            assert_eq!(fault.help.as_deref().unwrap_or_default(), help);
        }
    }
}
