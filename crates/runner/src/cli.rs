//! The command line, and the way from it to a run.

use crate::digests::Digests;
use crate::dryrun;
use crate::errors::Error;
use crate::files::Project;
use crate::history::History;
use crate::lock;
use crate::programs::{Descriptions, Program, Programs};
use crate::run::Run;
use crate::schedule::Limits;
use crate::screen::{Color, Screen, print};
use crate::setting::Setting;
use crate::store::Store;
use crate::work::Event;
use clap::Parser;
use plan::faults::{self, Fault, Place};
use plan::file::{self, Pipeline, Target};
use plan::graph::Plan;
use plan::planner;
use plan::targets;
use plan::yaml;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Instant;

const AFTER_HELP: &str = "\
Examples:
  runner pipeline.yaml                               make everything that is not made yet
  runner pipeline.yaml --dry-run                     show the commands that would run, and why
  runner pipeline.yaml report                        make one stage, and what it needs
  runner pipeline.yaml train@network=cnn2,seed=1     make one cell of a stage
  runner pipeline.yaml train --force                 make a stage again
  runner pipeline.yaml --set train.epochs=2          try another value without editing the file

Results are in results/NAME/STAGE/CELL/, beside the pipeline; logs and the cache are in .priorscope/.

Exit codes:
  0 all done   1 a job failed   2 wrong usage   3 the pipeline is wrong   130 interrupted";

/// Runs a pipeline of programs, and repeats only what changed.
#[derive(Debug, Parser)]
#[command(name = "runner", version, after_help = AFTER_HELP)]
struct Cli {
    /// The pipeline file, such as pipeline.yaml
    #[arg(value_name = "PIPELINE.yaml")]
    pipeline: PathBuf,
    /// Stages or cells to make, with what they need [default: everything]
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Make the targets again even if they are up to date
    #[arg(long)]
    force: bool,
    /// Print the commands that would run; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Run at most N jobs at once [default: the number of cores]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Let all jobs together use N threads [default: the number of cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// After a failure go on with what does not need the failed job
    #[arg(long, short)]
    keep_going: bool,
    /// Show errors only
    #[arg(long, short)]
    quiet: bool,
    /// Use colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// Set a param of a stage for this run, or an axis to this one value
    #[arg(long, value_name = "STAGE.PARAM=VALUE")]
    set: Vec<String>,
    /// Let links in the pipeline's folder lead out of it
    #[arg(long)]
    allow_outside: bool,
}

/// The program.
pub fn main() -> ExitCode {
    let begin = Instant::now();
    let cli = Cli::parse();
    match go(&cli, begin) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let text = match &error {
                Error::Faults { text, .. } => text.clone(),
                other => {
                    let (red, plain) =
                        if cli.color.on(&std::io::stderr()) { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
                    format!("{red}error{plain}: {}", faults::printable(&other.to_string()))
                }
            };
            print(&mut std::io::stderr(), &text);
            ExitCode::from(error.exit_code())
        }
    }
}

fn go(cli: &Cli, begin: Instant) -> Result<u8, Error> {
    let text = read(&cli.pipeline)?;
    let project = Project::of(&cli.pipeline, cli.allow_outside)?;
    let digests = Digests::load(&project);
    let mut descriptions = Descriptions::load(&project);

    let mut faults = Vec::new();
    let planned = prepare(cli, &text, &project, &digests, &mut descriptions, &mut faults)?;
    let Some((plan, programs)) = planned.filter(|_| faults.is_empty()) else {
        let text = faults::render(&faults, &cli.pipeline, &text, cli.color.on(&std::io::stderr()));
        let usage = faults.iter().all(|fault| matches!(fault.place, Place::Set(_)));
        return Err(Error::Faults { text, usage });
    };
    let named = targets::named(&plan, &cli.targets).map_err(Error::Usage)?;
    let wanted = targets::with_needs(&plan, &named);
    let forced: Vec<bool> = named.iter().map(|named| *named && cli.force).collect();
    let store = Store { project: &project, digests: &digests };
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let limits = Limits {
        jobs: cli.jobs.map_or(cores, NonZeroUsize::get),
        threads: cli.threads.map_or(cores, NonZeroUsize::get),
    };
    let setting = Setting {
        plan: &plan,
        project: &project,
        digests: &digests,
        store,
        programs: &programs,
        wanted: &wanted,
        forced: &forced,
    };
    if cli.dry_run {
        dryrun::print(&setting, &History::load(&project), limits.threads).map_err(Error::Usage)?;
        return Ok(0);
    }

    let lock = lock::acquire(&project, |holder| {
        print(&mut std::io::stderr(), &format!("waiting: another runner works here ({holder})"));
    })?;
    if lock.waited {
        digests.reload();
    }
    project.clear_aside();
    let mut history = History::load(&project);
    let (sender, events) = mpsc::channel();
    watch_signals(sender.clone())?;
    let total = wanted.iter().filter(|wanted| **wanted).count();
    let mut screen = Screen::new(cli.quiet, cli.color, total);
    let run = Run::new(setting, limits, cli.keep_going, &mut screen, &mut history);
    let (counts, interrupted) = run.run(&sender, &events);
    screen.close(counts, begin.elapsed().as_secs_f64());
    descriptions.save(&project)?;
    digests.save()?;
    history.save(&project)?;
    project.clear_aside();
    Ok(match (interrupted, counts.failed) {
        (true, _) => 130,
        (false, 0) => 0,
        (false, _) => 1,
    })
}

fn read(path: &std::path::Path) -> Result<String, Error> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    let read = file.and_then(|file| file.take(yaml::MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| Error::Usage(format!("cannot read {}: {error}", path.display())))?;
    String::from_utf8(bytes).map_err(|_| {
        let text = format!("error: {} is no UTF-8 text", path.display());
        Error::Faults { text, usage: false }
    })
}

/// A plan and the programs that it calls.
type Planned = (Plan, HashMap<String, Program>);

/// From the text to the plan: everything that can be wrong before anything runs.
fn prepare(
    cli: &Cli,
    text: &str,
    project: &Project,
    digests: &Digests,
    descriptions: &mut Descriptions,
    faults: &mut Vec<Fault>,
) -> Result<Option<Planned>, Error> {
    let Some(pipeline) = plan::read(text, &cli.set, faults) else { return Ok(None) };
    let names = plan::programs(&pipeline);
    let asked = descriptions.describe(names, digests);
    program_faults(&pipeline, &asked, faults);
    let programs: HashMap<String, Program> =
        asked.into_iter().filter_map(|(name, program)| Some((name, program.ok()?))).collect();
    let described =
        programs.iter().map(|(name, program)| (name.clone(), program.description.clone())).collect();
    let plan =
        planner::plan(&pipeline, &described, planner::Options { allow_outside: cli.allow_outside }, faults);
    file_faults(&pipeline, project, faults);
    Ok(plan.map(|plan| (plan, programs)))
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
        if !path.is_file() {
            let fault = fault(format!("there is no file {}", path.display()));
            let stage = file.split_once('.').filter(|(stage, _)| !stage.contains('/'));
            let names = || pipeline.stages.iter().map(|stage| stage.name.as_str());
            let near = stage.and_then(|(stage, port)| Some((faults::nearest(stage, names())?, port)));
            faults.push(match near {
                Some((stage, port)) => fault.help(format!("did you mean the output `{stage}.{port}`?")),
                None => fault.help("paths are relative to the pipeline's folder"),
            });
        } else if !project.holds(&path) {
            let fault = fault(format!("{} leads out of the pipeline's folder", path.display()));
            faults.push(fault.help("--allow-outside permits it"));
        }
    }
}

fn watch_signals(sender: mpsc::Sender<Event>) -> Result<(), Error> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]);
    let mut signals = signals.map_err(|error| Error::Usage(format!("signals cannot be watched: {error}")))?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            let _ = sender.send(Event::Interrupted);
        }
    });
    Ok(())
}
