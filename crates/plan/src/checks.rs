//! Checks of one stage against its program's description, each fault at its own place in the file.

use crate::cells;
use crate::describe::{Description, Port};
use crate::faults::{self, Fault, Place};
use crate::file::{Given, Reference, Stage, Target, Temporary, place_in};
use crate::keep;
use crate::matrix::axis_place;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Component, Path};

/// The longest path of an input, in bytes; systems take no longer ones.
const LONGEST_PATH: usize = 4096;

/// Checks axes: their values name folders, no param is set twice, and none is inherited already.
pub(crate) fn matrix(stage: &Stage, inherited: &BTreeSet<&str>, faults: &mut Vec<Fault>) {
    let mut doubled = HashSet::new();
    for (axis, values) in stage.axes() {
        for given in values.iter().filter(|given| !cells::is_axis_text(&given.value.to_string())) {
            faults::add(faults, || {
                let message = format!("`{}` cannot be a value of the axis `{axis}`", given.value);
                let help = "it names a folder: use letters, digits, and -, _, +, . inside";
                Fault::new(given.place.clone(), message).help(help)
            });
        }
        if let Some(given) = values.first()
            && inherited.contains(axis.as_str())
            && doubled.insert(axis)
        {
            let each = stage.each.as_deref().unwrap_or_default();
            let message = format!("the axis `{axis}` is inherited from `{each}` already");
            faults::add(faults, || Fault::new(axis_place(&given.place), message));
        }
    }
    let axes: BTreeSet<&String> = stage.axes().map(|(axis, _)| axis).collect();
    for (param, given) in stage.params.iter().filter(|(param, _)| axes.contains(param)) {
        let message = format!("`{param}` is both an axis of the matrix and a param");
        faults::add(faults, || Fault::new(given.place.clone(), message).help("keep one of the two"));
    }
}

/// Checks the params and axes of a stage against its program.
pub(crate) fn params(stage: &Stage, description: &Description, faults: &mut Vec<Fault>) {
    let known: HashMap<&str, _> =
        description.params.iter().map(|param| (param.name.as_str(), param)).collect();
    let axes = stage.axes().flat_map(|(axis, values)| values.iter().map(move |v| (axis, v)));
    let mut unknown = BTreeSet::new();
    for (name, given) in stage.params.iter().map(|(name, given)| (name, given)).chain(axes) {
        match known.get(name.as_str()) {
            None if unknown.insert(name) => faults::add(faults, || {
                let message = format!("stage `{}` has no param `{name}`", stage.name);
                let names = description.params.iter().map(|param| param.name.as_str());
                Fault::new(axis_place(&given.place), message).nearest(name, names)
            }),
            None => {}
            Some(param) => check(name, given, param.kind.check(&given.value), faults),
        }
    }
    let in_all_blocks: Option<HashSet<&str>> = stage
        .matrix
        .iter()
        .map(|block| block.axes.iter().map(|(axis, _)| axis.as_str()).collect::<HashSet<&str>>())
        .reduce(|all, block| all.intersection(&block).copied().collect());
    let in_all_blocks = in_all_blocks.unwrap_or_default();
    let given: HashSet<&str> = stage.params.iter().map(|(name, _)| name.as_str()).collect();
    let missing = description.params.iter().filter(|param| param.required && param.default.is_none());
    for param in missing.map(|param| param.name.as_str()) {
        if !given.contains(param) && !in_all_blocks.contains(param) {
            let message = format!("stage `{}` needs the param `{param}`", stage.name);
            faults::add(faults, || Fault::new(Place::Key(place_in(&stage.name, &[])), message));
        }
    }
}

fn check(name: &str, given: &Given, checked: Result<(), (String, String)>, faults: &mut Vec<Fault>) {
    if let Err((message, help)) = checked {
        let fault = Fault::new(given.place.clone(), format!("param `{name}`: {message}"));
        faults::add(faults, || if help.is_empty() { fault } else { fault.help(help) });
    }
}

/// Checks the ports that a stage names as temporary or to be kept.
pub(crate) fn outputs(stage: &Stage, description: &Description, faults: &mut Vec<Fault>) {
    let temporary = match &stage.temporary {
        Temporary::Ports(ports) => ports.as_slice(),
        Temporary::All => &[],
    };
    let named = temporary.iter().map(|port| (port, false)).chain(stage.keep.iter().map(|port| (port, true)));
    for (named, keep) in named {
        let fault = |message: String| Fault::new(named.place.clone(), message);
        let (name, outputs) = (&named.name, &description.outputs);
        match outputs.iter().find(|port| port.name == *name).map(Port::is_stream) {
            None => faults::add(faults, || {
                let there = outputs.iter().map(|port| port.name.as_str());
                fault(format!("stage `{}` has no output `{name}`", stage.name)).nearest(name, there)
            }),
            Some(true) if !keep => faults::add(faults, || {
                let fault = fault(format!("`{name}` is a stream, and nothing of it stays on disk"));
                fault.help("leave it out: `temporary` is for files")
            }),
            Some(false) if keep => faults::add(faults, || {
                fault(format!("`{name}` is a file, and is kept already"))
                    .help("leave it out: `keep` is for streams")
            }),
            Some(_) => {}
        }
    }
}

/// Checks the inputs of a stage against its program and those that it reads from.
pub(crate) fn inputs<'d>(
    stage: &Stage,
    description: &Description,
    producer: &dyn Fn(&str) -> Option<(&'d Stage, &'d Description)>,
    (pipeline, allow_outside): (&str, bool),
    faults: &mut Vec<Fault>,
) {
    let known: HashMap<&str, &Port> =
        description.inputs.iter().map(|port| (port.name.as_str(), port)).collect();
    for (key, input) in stage
        .inputs
        .iter()
        .map(|input| ("inputs", input))
        .chain(stage.optional.iter().map(|input| ("optional", input)))
    {
        let Some(port) = known.get(input.port.as_str()) else {
            faults::add(faults, || {
                let place = Place::Key(place_in(&stage.name, &[key, &input.port]));
                let message = format!("stage `{}` has no input `{}`", stage.name, input.port);
                let names = description.inputs.iter().map(|port| port.name.as_str());
                Fault::new(place, message).nearest(&input.port, names)
            });
            continue;
        };
        for reference in &input.references {
            let fault = |message: String| Fault::new(reference.place.clone(), message);
            match &reference.target {
                Target::File(_) if port.is_stream() => {
                    faults::add(faults, || fault(format!("`{}` is a stream and reads no file", port.name)));
                }
                Target::File(path) => {
                    if let Some((message, help)) = check_path(path, pipeline, allow_outside) {
                        faults::add(faults, || fault(message).help(help));
                    }
                }
                Target::Port { stage, port: name, .. } => {
                    if let Some((stage, description)) = producer(stage) {
                        join(reference, port, (stage, description), name, faults);
                    }
                }
            }
        }
    }
    let given: HashSet<&str> = stage.inputs.iter().map(|input| input.port.as_str()).collect();
    for port in description.inputs.iter().filter(|p| !p.optional && !given.contains(p.name.as_str())) {
        faults::add(faults, || {
            let message = format!("stage `{}` needs the input `{}`", stage.name, port.name);
            let fault = Fault::new(Place::Key(place_in(&stage.name, &[])), message);
            fault.help(format!("add `inputs: {{{}: ...}}`", port.name))
        });
    }
}

/// Checks that a port can read what a reference names.
fn join(
    reference: &Reference,
    port: &Port,
    (stage, description): (&Stage, &Description),
    name: &str,
    faults: &mut Vec<Fault>,
) {
    let fault = |message: String| Fault::new(reference.place.clone(), message);
    let outputs = &description.outputs;
    let Some(output) = outputs.iter().find(|output| output.name == name) else {
        return faults::add(faults, || {
            let message = format!("stage `{}` has no output `{name}`", stage.name);
            fault(message).nearest(name, outputs.iter().map(|o| o.name.as_str()))
        });
    };
    let as_table = output.is_stream() && keep::table_fits(output, port);
    let kept = stage.keep.iter().any(|kept| kept.name == name);
    let joined = output.fits(port) || (as_table && kept);
    if !joined {
        faults::add(faults, || {
            let fault = fault(format!("`{}` cannot read `{}.{name}`", port.name, stage.name));
            fault.help(if as_table {
                format!("add keep: [{name}] to the stage {}", stage.name)
            } else {
                format!("it reads {}, and is given {}", port.label(), output.label())
            })
        });
    }
}

/// What is wrong with a path as text, and what would be right; links are looked at when the files are.
fn check_path(path: &str, pipeline: &str, allow_outside: bool) -> Option<(String, &'static str)> {
    if path.is_empty() || path.contains('\0') || path.len() > LONGEST_PATH {
        return Some((
            format!("`{path}` is no path of a file"),
            "write a path beside the pipeline, or STAGE.PORT",
        ));
    }
    let leads_out = |part| !matches!(part, Component::Normal(_) | Component::CurDir);
    if !allow_outside && Path::new(path).components().any(leads_out) {
        let message = format!("the path `{path}` is not inside the pipeline's folder");
        return Some((message, "--allow-outside permits it"));
    }
    let parts = parts(path).unwrap_or_default();
    let own = match parts.as_slice() {
        [".priorscope", ..] | ["results"] => true,
        ["results", name, ..] => *name == pipeline,
        _ => false,
    };
    let message = || format!("`{path}` is the runner's own");
    own.then(|| {
        (message(), "write STAGE.PORT to read a result; results/NAME/... reads one of another pipeline")
    })
}

/// The parts of a path in the pipeline's folder, its `..` worked out as far as the text tells.
fn parts(path: &str) -> Option<Vec<&str>> {
    let mut parts: Vec<&str> = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            // Outside of the folder, where nothing is the runner's.
            Component::ParentDir if parts.pop().is_none() => return None,
            Component::CurDir | Component::ParentDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leaves_the_folder_only_where_that_is_allowed() {
        for path in ["../a", "/etc/a", "a/../../b"] {
            assert_eq!(check_path(path, "p", false).unwrap().1, "--allow-outside permits it");
            assert_eq!(check_path(path, "p", true), None, "{path}");
        }
        assert_eq!(check_path("data/./a.parquet", "p", false), None);
    }

    #[test]
    fn the_runners_own_folders_are_never_read_by_path() {
        for path in ["results/p/a", "./results/p", "a/../results/p/b", "results", ".priorscope/objects/a"] {
            let said = check_path(path, "p", true).unwrap().0;
            assert!(said.contains("is the runner's own"), "{said}");
        }
        assert_eq!(check_path("results/another/a", "p", true), None);
        assert_eq!(check_path("../results/a", "p", true), None);
        for path in ["", "a\0b", &"a".repeat(5000)] {
            assert!(check_path(path, "p", true).is_some());
        }
    }
}
