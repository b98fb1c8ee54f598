//! Checks of one stage against its program's description, each fault at its own place in the file.

use crate::cells;
use crate::describe::{Description, Port};
use crate::faults::{Fault, Place};
use crate::file::{Stage, Target, place_in};
use crate::yaml::Step;
use std::collections::BTreeSet;
use std::path::{Component, Path};

/// Checks axes: their values name folders, and no param is set twice.
pub fn matrix(stage: &Stage, faults: &mut Vec<Fault>) {
    for (axis, given) in
        stage.matrix.iter().flatten().flat_map(|(axis, list)| list.iter().map(move |g| (axis, g)))
    {
        if !cells::is_axis_text(&given.value.to_string()) {
            let message = format!("`{}` cannot be a value of the axis `{axis}`", given.value);
            let help = "it names a folder: use letters, digits, and -, _, +, . inside";
            faults.push(Fault::new(given.place.clone(), message).help(help));
        }
    }
    let axes: BTreeSet<&String> = stage.matrix.iter().flatten().map(|(axis, _)| axis).collect();
    for (param, given) in stage.params.iter().filter(|(param, _)| axes.contains(param)) {
        let message = format!("`{param}` is both an axis of the matrix and a param");
        faults.push(Fault::new(given.place.clone(), message).help("keep one of the two"));
    }
}

fn key_of(place: &Place) -> Place {
    match place {
        Place::Value(path) => Place::Key(path.clone()),
        other => other.clone(),
    }
}

/// Checks the params and axes of a stage against its program.
pub fn params(stage: &Stage, description: &Description, faults: &mut Vec<Fault>) {
    let axes = stage.matrix.iter().flatten().flat_map(|(axis, values)| values.iter().map(move |v| (axis, v)));
    let mut unknown = BTreeSet::new();
    for (name, given) in stage.params.iter().map(|(name, given)| (name, given)).chain(axes) {
        let Some(param) = description.params.iter().find(|param| param.name == *name) else {
            if unknown.insert(name) {
                let place = match &given.place {
                    Place::Value(path) if matches!(path.last(), Some(Step::Index(_))) => {
                        Place::Key(path[..path.len() - 1].to_vec())
                    }
                    place => key_of(place),
                };
                let message = format!("stage `{}` has no param `{name}`", stage.name);
                let names = description.params.iter().map(|param| param.name.as_str());
                faults.push(Fault::new(place, message).nearest(name, names));
            }
            continue;
        };
        if let Err((message, help)) = param.kind.check(&given.value) {
            let fault = Fault::new(given.place.clone(), format!("param `{name}`: {message}"));
            faults.push(if help.is_empty() { fault } else { fault.help(help) });
        }
    }
    let everywhere = |name: &String| {
        stage.params.iter().any(|(n, _)| n == name)
            || (!stage.matrix.is_empty()
                && stage.matrix.iter().all(|block| block.iter().any(|(n, _)| n == name)))
    };
    for param in
        description.params.iter().filter(|p| p.required && p.default.is_none() && !everywhere(&p.name))
    {
        let place = Place::Key(place_in(&stage.name, &[]));
        faults.push(Fault::new(place, format!("stage `{}` needs the param `{}`", stage.name, param.name)));
    }
}

/// Checks the inputs of a stage against its program and those that it reads from.
pub fn inputs<'d>(
    stage: &Stage,
    description: &Description,
    describe: &dyn Fn(&str) -> Option<&'d Description>,
    faults: &mut Vec<Fault>,
) {
    for input in &stage.inputs {
        let Some(port) = description.inputs.iter().find(|port| port.name == input.port) else {
            let place = Place::Key(place_in(&stage.name, &["inputs", &input.port]));
            let message = format!("stage `{}` has no input `{}`", stage.name, input.port);
            let names = description.inputs.iter().map(|port| port.name.as_str());
            faults.push(Fault::new(place, message).nearest(&input.port, names));
            continue;
        };
        for reference in &input.references {
            let fault = |message: String| Fault::new(reference.place.clone(), message);
            match &reference.target {
                Target::File(_) if port.is_stream() => {
                    faults.push(fault(format!("`{}` is a stream and reads no file", port.name)));
                }
                Target::File(path) => faults.extend(check_path(path).map(fault)),
                Target::Port { stage: producer, port: name, .. } => {
                    let Some(producer_description) = describe(producer) else { continue };
                    let outputs = &producer_description.outputs;
                    match outputs.iter().find(|output| output.name == *name) {
                        None => {
                            let message = format!("stage `{producer}` has no output `{name}`");
                            faults
                                .push(fault(message).nearest(name, outputs.iter().map(|o| o.name.as_str())));
                        }
                        Some(output) if !output.fits(port) => {
                            let message = format!("`{}` cannot read `{producer}.{name}`", port.name);
                            let help = format!("it reads {}, and is given {}", port.label(), output.label());
                            faults.push(fault(message).help(help));
                        }
                        Some(_) => {}
                    }
                }
            }
        }
    }
    let given = |port: &Port| stage.inputs.iter().any(|input| input.port == port.name);
    for port in description.inputs.iter().filter(|port| !port.optional && !given(port)) {
        let place = Place::Key(place_in(&stage.name, &[]));
        let message = format!("stage `{}` needs the input `{}`", stage.name, port.name);
        faults.push(Fault::new(place, message).help(format!("add `inputs: {{{}: ...}}`", port.name)));
    }
}

/// What is wrong with a path as text; links are looked at when the files are.
fn check_path(path: &str) -> Option<String> {
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.is_empty() || path.contains('\0') || !Path::new(path).components().all(inside) {
        return Some(format!("the path `{path}` is not inside the pipeline's folder"));
    }
    let first = Path::new(path).components().find(|part| *part != Component::CurDir);
    if [".priorscope", "results"].iter().any(|own| first == Some(Component::Normal(own.as_ref()))) {
        return Some(format!("`{path}` is the runner's own folder; write STAGE.PORT to read a result"));
    }
    None
}
