//! From a command line to a pipeline that can be run: everything that can be wrong before anything starts.

use crate::arguments::Common;
use crate::errors::Error;
use crate::programs::{Descriptions, Program, Programs};
use crate::setting::Setting;
use plan::faults::{self, Fault, Place};
use plan::file::{self, Pipeline, Target};
use plan::graph::Plan;
use plan::{planner, targets, yaml};
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::Path;
use store::Store;
use store::digests::Digests;
use store::files::Project;

/// A pipeline that can be run.
#[derive(Debug)]
pub struct Opened {
    /// Its graph.
    pub plan: Plan,
    /// The programs that it calls.
    pub programs: HashMap<String, Program>,
    /// The jobs that the targets name.
    pub named: Vec<bool>,
    /// Those and all that they need.
    pub wanted: Vec<bool>,
    /// The named jobs, if they are to run again; else none.
    pub forced: Vec<bool>,
}

impl Opened {
    /// Everything that does not change during a run.
    pub fn setting<'a>(&'a self, project: &'a Project, digests: &'a Digests<'a>) -> Setting<'a> {
        Setting {
            plan: &self.plan,
            project,
            digests,
            store: Store { project, digests },
            programs: &self.programs,
            wanted: &self.wanted,
            forced: &self.forced,
        }
    }
}

/// Reads the pipeline, asks its programs to describe themselves, and makes the plan.
pub fn open(
    common: &Common,
    force: bool,
    project: &Project,
    digests: &Digests,
    descriptions: &mut Descriptions,
) -> Result<Opened, Error> {
    let text = read(&common.pipeline)?;
    let mut faults = Vec::new();
    let planned = prepare(common, &text, project, digests, descriptions, &mut faults);
    let Some((plan, programs)) = planned.filter(|_| faults.is_empty()) else {
        return Err(wrong(common, &text, &faults));
    };
    let named = targets::named(&plan, &common.targets).map_err(Error::Usage)?;
    let wanted = targets::with_needs(&plan, &named);
    let forced = named.iter().map(|named| *named && force).collect();
    Ok(Opened { plan, programs, named, wanted, forced })
}

fn wrong(common: &Common, text: &str, faults: &[Fault]) -> Error {
    Error::Faults {
        usage: faults.iter().all(|fault| matches!(fault.place, Place::Set(_))),
        text: faults::render(faults, &common.pipeline, text, common.color.on(&std::io::stderr())),
        located: faults::located(faults, text),
    }
}

/// The text of a pipeline or a profile.
pub fn read(path: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    let read = file.and_then(|file| file.take(yaml::MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| Error::Usage(format!("cannot read {}: {error}", path.display())))?;
    // Some editors begin a file with a byte order mark.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).map(<[u8]>::to_vec).unwrap_or(bytes);
    String::from_utf8(bytes).map_err(|_| {
        let text = format!("error: {} is no UTF-8 text", path.display());
        Error::Faults { text, usage: false, located: Vec::new() }
    })
}

/// Whether `other` is another pipeline of this folder than `file`, and has the same name.
pub fn is_another(project: &Project, file: &str, other: &str, name: &str) -> bool {
    let [this, that] = [file, other].map(|file| project.path(file));
    let differs = || matches!((this.canonicalize(), that.canonicalize()), (Ok(a), Ok(b)) if a != b);
    let named = || plan::read(&read(&that).ok()?, &[], &mut Vec::new()).map(|pipeline| pipeline.name);
    file != other && differs() && named().is_some_and(|named| named == name)
}

/// From the text to the plan.
fn prepare(
    common: &Common,
    text: &str,
    project: &Project,
    digests: &Digests,
    descriptions: &mut Descriptions,
    faults: &mut Vec<Fault>,
) -> Option<(Plan, HashMap<String, Program>)> {
    let pipeline = plan::read(text, &common.set, faults)?;
    let pipeline = pipeline.with_those_there(|file| project.path(file).exists());
    let asked = descriptions.describe(plan::programs(&pipeline), digests);
    program_faults(&pipeline, &asked, faults);
    let programs: HashMap<String, Program> =
        asked.into_iter().filter_map(|(name, program)| Some((name, program.ok()?))).collect();
    let described =
        programs.iter().map(|(name, program)| (name.clone(), program.description.clone())).collect();
    let options = planner::Options { allow_outside: common.allow_outside };
    let plan = planner::plan(&pipeline, &described, options, faults);
    file_faults(&pipeline, project, faults);
    plan.map(|plan| (plan, programs))
}

fn program_faults(pipeline: &Pipeline, programs: &Programs, faults: &mut Vec<Fault>) {
    for stage in &pipeline.stages {
        if let Some(Err(wrong)) = programs.get(&stage.program) {
            let path = file::place_in(&stage.name, &["program"]);
            // Without the key `program` this finds the stage itself.
            let place = if stage.program == stage.name {
                Place::Key(file::place_in(&stage.name, &[]))
            } else {
                Place::Value(path)
            };
            faults
                .push(Fault::new(place, format!("the program `{}` cannot be used: {wrong}", stage.program)));
        }
    }
}

/// Files that the pipeline reads must be there, and inside its folder with all links followed.
fn file_faults(pipeline: &Pipeline, project: &Project, faults: &mut Vec<Fault>) {
    let inputs = pipeline.stages.iter().flat_map(|stage| &stage.inputs);
    let faulty: HashSet<Place> = faults.iter().map(|fault| fault.place.clone()).collect();
    for reference in inputs.flat_map(|input| &input.references) {
        let Target::File(file) = &reference.target else { continue };
        if faulty.contains(&reference.place) {
            continue;
        }
        let path = project.path(file);
        let fault = |message: String| Fault::new(reference.place.clone(), message);
        if path.is_dir() {
            let fault = fault(format!("{} is a folder", path.display()));
            faults.push(
                fault.help("an input of a pipeline is a file: pack the folder into one, and name that"),
            );
            continue;
        }
        if path.exists() && !path.is_file() {
            faults.push(fault(format!("{} is no regular file", path.display())));
        } else if !path.exists() {
            let fault = fault(format!("there is no file {}", path.display()));
            let stage = file.split_once('.').filter(|(stage, _)| !stage.contains('/'));
            let names = || pipeline.stages.iter().map(|stage| stage.name.as_str());
            let near = stage.and_then(|(stage, port)| Some((faults::nearest(stage, names())?, port)));
            faults.push(match near {
                Some((stage, port)) => fault.help(format!("did you mean the output `{stage}.{port}`?")),
                None => fault.help("paths are relative to the pipeline's folder"),
            });
        } else if project.is_own(&path, &pipeline.name) {
            let fault = fault(format!("{} is the runner's own", path.display()));
            faults.push(
                fault.help(
                    "write STAGE.PORT to read a result; results/NAME/... reads one of another pipeline",
                ),
            );
        } else if !project.holds(&path) {
            let fault = fault(format!("{} leads out of the pipeline's folder", path.display()));
            faults.push(fault.help("--allow-outside permits it"));
        }
    }
}
