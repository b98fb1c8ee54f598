//! The command line: what can be asked of the runner, and who answers it.

use crate::commands::{self, dry_run, gc, graph, history, log, status, verify};
use crate::digests::Digests;
use crate::errors::Error;
use crate::files::Project;
use crate::last::LastRuns;
use crate::lock::{self, CacheUse};
use crate::open;
use crate::preview;
use crate::programs::Descriptions;
use crate::run::{Manner, Run};
use crate::schedule::{self, Limits};
use crate::screen::{Color, Screen, Show, print};
use crate::store::Store;
use crate::work::Event;
use clap::{Args, CommandFactory, Parser, Subcommand};
use plan::faults::printable;
use plan::quantities;
use plan::value::Value;
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

const AFTER_HELP: &str = "\
Examples:
  runner pipeline.yaml                               make everything that is not made yet
  runner pipeline.yaml --dry-run                     show the commands that would run, and why
  runner pipeline.yaml report                        make one stage, and what it needs
  runner pipeline.yaml train@network=cnn2,seed=1     make one cell of a stage
  runner pipeline.yaml train --force                 make a stage again
  runner pipeline.yaml --set train.epochs=2          try another value without editing the file
  runner status pipeline.yaml                        what is made, what is not, and why
  runner log pipeline.yaml train@seed=1              what a job said

Results are in results/NAME/STAGE/CELL/, beside the pipeline; logs and the cache are in .priorscope/.

Exit codes:
  0 all done   1 a job failed, verify found damage, or status --check something to do   2 wrong usage   3 the pipeline is wrong   130 interrupted";

/// Runs a pipeline of programs, and repeats only what changed.
#[derive(Debug, Parser)]
#[command(
    name = "runner",
    version,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Option<Common>,
    #[command(flatten)]
    run: RunArguments,
}

/// What every command that reads a pipeline takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The pipeline file, such as pipeline.yaml
    #[arg(value_name = "PIPELINE.yaml")]
    pub pipeline: PathBuf,
    /// Stages or cells, such as train or train@network=cnn1,seed=2 [default: everything]
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Set a param of a stage for this once, an axis to this one value, or a variable
    #[arg(long, value_name = "STAGE.PARAM=VALUE")]
    pub set: Vec<String>,
    /// Let inputs, links and results lie outside of the pipeline's folder
    #[arg(long)]
    pub allow_outside: bool,
    /// Keep outputs in this folder, which several projects may share [default: .priorscope]
    #[arg(long, value_name = "FOLDER", env = "PRIORSCOPE_CACHE")]
    pub cache: Option<PathBuf>,
    /// Use colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
struct RunArguments {
    /// Make the targets again even if they are up to date
    #[arg(long)]
    force: bool,
    /// Print the commands that would run; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Say of every job why it runs or not, with every difference
    #[arg(long)]
    explain: bool,
    /// Run at most N jobs at once [default: the number of cores]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Let all jobs together use N threads [default: the number of cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Let all jobs together use so much memory, such as 8G [default: what the machine has]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    /// After a failure go on with what does not need the failed job
    #[arg(long, short)]
    keep_going: bool,
    /// Show errors only
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what is made, what is not, and why; change nothing
    Status {
        #[command(flatten)]
        common: Common,
        /// Also list the jobs that are up to date
        #[arg(long)]
        all: bool,
        /// End with exit code 1 if anything would run
        #[arg(long)]
        check: bool,
    },
    /// Draw the stages and what passes between them
    Graph {
        #[command(flatten)]
        common: Common,
        /// Draw every cell instead of every stage
        #[arg(long)]
        cells: bool,
        /// The language of the drawing
        #[arg(long, value_enum, default_value_t = graph::Format::Mermaid)]
        format: graph::Format,
    },
    /// Show what jobs said when they last ran
    Log {
        #[command(flatten)]
        common: Common,
    },
    /// Show the last runs, or the jobs of one run and its critical path
    History {
        #[command(flatten)]
        project: ProjectArguments,
        /// A run, as the list names it, or `last`
        #[arg(value_name = "RUN")]
        run: Option<String>,
    },
    /// Read every output, record and input again, and find what is damaged
    Verify {
        #[command(flatten)]
        project: ProjectArguments,
    },
    /// Remove outputs that no pipeline needs any more
    #[command(group(clap::ArgGroup::new("allowance").required(true).multiple(true)))]
    Gc {
        /// A pipeline file; others of its folder keep all that their last runs made
        #[arg(value_name = "PIPELINE.yaml", required = true)]
        pipelines: Vec<PathBuf>,
        /// Remove what was not used for so long, such as 30d
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, group = "allowance")]
        age: Option<Duration>,
        /// Remove the longest unused until the store has this size, such as 10G
        #[arg(long, value_name = "SIZE", value_parser = size, group = "allowance")]
        size: Option<u64>,
        /// Remove all that no pipeline needs
        #[arg(long, group = "allowance", conflicts_with_all = ["age", "size"])]
        all: bool,
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
        /// See `runner --help`
        #[arg(long, value_name = "FOLDER", env = "PRIORSCOPE_CACHE")]
        cache: Option<PathBuf>,
        /// See `runner --help`
        #[arg(long)]
        allow_outside: bool,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of pipeline files, for editors
    Schema,
    /// Print the completions for a shell, such as `runner completions bash`
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page, of the runner or of one of its commands
    Man {
        /// The command
        command: Option<String>,
    },
}

/// What commands take that are about a folder rather than a graph.
#[derive(Debug, Args)]
struct ProjectArguments {
    /// A pipeline file of the folder
    #[arg(value_name = "PIPELINE.yaml")]
    pipeline: PathBuf,
    /// Keep outputs in this folder, which several projects may share [default: .priorscope]
    #[arg(long, value_name = "FOLDER", env = "PRIORSCOPE_CACHE")]
    cache: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// The program.
pub fn main() -> ExitCode {
    let begin = Instant::now();
    let cli = Cli::parse();
    let (color, json) = match (&cli.common, &cli.command) {
        (
            _,
            Some(Command::Status { common, .. } | Command::Graph { common, .. } | Command::Log { common }),
        ) => (common.color, common.json),
        (_, Some(Command::History { project, .. } | Command::Verify { project })) => {
            (Color::Auto, project.json)
        }
        (_, Some(Command::Gc { json, .. })) => (Color::Auto, *json),
        (Some(common), None) => (common.color, common.json),
        _ => (Color::Auto, false),
    };
    let done = match (cli.command, &cli.common) {
        (Some(command), _) => perform(command),
        (None, Some(common)) => run(common, &cli.run, begin),
        (None, None) => Err(Error::Usage("no pipeline is given; `runner --help` shows how".to_owned())),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tell(&error, color, json);
            ExitCode::from(error.exit_code())
        }
    }
}

fn tell(error: &Error, color: Color, json: bool) {
    if json {
        return commands::answer(true, &error.as_json(), String::new);
    }
    let text = match error {
        Error::Faults { text, .. } => text.clone(),
        other => {
            let (red, plain) =
                if color.on(&std::io::stderr()) { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
            format!("{red}error{plain}: {}", printable(&other.to_string()))
        }
    };
    print(&mut std::io::stderr(), &text);
}

fn run(common: &Common, arguments: &RunArguments, begin: Instant) -> Result<u8, Error> {
    let project = common.project()?;
    let digests = Digests::load(&project);
    let mut descriptions = Descriptions::load(&project);
    let opened = open::open(common, arguments.force, &project, &digests, &mut descriptions)?;
    let setting = opened.setting(&project, &digests);
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let limits = Limits {
        jobs: arguments.jobs.map_or(cores, NonZeroUsize::get),
        threads: arguments.threads.map_or(cores, NonZeroUsize::get),
        memory: arguments.memory.unwrap_or_else(schedule::machine_memory),
    };
    if arguments.dry_run {
        let preview = preview::preview(&setting, &LastRuns::load(&project, &opened.plan.name));
        dry_run::print(&setting, &preview, limits.threads, arguments.explain, common.json)
            .map_err(Error::Usage)?;
        return Ok(0);
    }

    let name = &opened.plan.name;
    let show = match (common.json, arguments.quiet) {
        (true, _) => Show::Json,
        (false, true) => Show::Quiet,
        (false, false) => Show::Normal,
    };
    let total = opened.wanted.iter().filter(|wanted| **wanted).count();
    let mut screen = Screen::new(show, common.color, total);
    let lock = lock::acquire(&project, name, |holder| {
        screen.warn(&format!("waiting: another runner works on the pipeline {name} ({holder})"));
    })?;
    let _use = CacheUse::shared(&project, || screen.warn("waiting: `runner gc` cleans the cache"))?;
    if lock.waited {
        digests.reload();
    }
    project.clear_aside();
    project.register()?;
    let mut last = LastRuns::load(&project, name);
    let (sender, events) = mpsc::channel();
    watch_signals(sender.clone())?;
    let started = SystemTime::now();
    let manner = Manner { limits, keep_going: arguments.keep_going, explain: arguments.explain };
    let outcome = Run::new(setting, manner, &mut screen, &mut last).run(&sender, &events);
    let seconds = begin.elapsed().as_secs_f64();
    if let Err(error) = history::keep(&setting, &common.targets, limits, started, seconds, &outcome) {
        screen.warn(&format!("the history of this run could not be kept: {error}"));
    }
    screen.close(outcome.counts, seconds);
    descriptions.save(&project)?;
    digests.save()?;
    last.save(&project)?;
    Ok(match (outcome.interrupted, outcome.counts.failed) {
        (true, _) => 130,
        (false, 0) => 0,
        (false, _) => 1,
    })
}

fn perform(command: Command) -> Result<u8, Error> {
    match command {
        Command::Status { common, all, check } => {
            let project = common.project()?;
            let digests = Digests::load(&project);
            let opened = open::open(&common, false, &project, &digests, &mut Descriptions::load(&project))?;
            let setting = opened.setting(&project, &digests);
            let preview = preview::preview(&setting, &LastRuns::load(&project, &opened.plan.name));
            let color = common.color.on(&std::io::stdout());
            let up_to_date = status::print(&setting, &preview, all, color, common.json);
            return Ok(if check && !up_to_date { 1 } else { 0 });
        }
        Command::Graph { common, cells, format } => {
            let project = common.project()?;
            let digests = Digests::load(&project);
            let opened = open::open(&common, false, &project, &digests, &mut Descriptions::load(&project))?;
            graph::print(&opened.plan, &opened.wanted, cells, format, common.json);
        }
        Command::Log { common } => {
            let project = common.project()?;
            let digests = Digests::load(&project);
            let opened = open::open(&common, false, &project, &digests, &mut Descriptions::load(&project))?;
            log::print(&opened.setting(&project, &digests), &opened.named, common.json)?;
        }
        Command::History { project: arguments, run } => {
            let project = Project::of(&arguments.pipeline, false, arguments.cache)?;
            history::print(&project, run.as_deref(), arguments.json)?;
        }
        Command::Verify { project: arguments } => {
            let project = Project::of(&arguments.pipeline, false, arguments.cache)?;
            let _use = CacheUse::exclusive(&project, || waiting("the runners that use the cache"))?;
            let digests = Digests::load(&project);
            let intact =
                verify::verify(&Store { project: &project, digests: &digests }, false, arguments.json)?;
            digests.save()?;
            return Ok(if intact { 0 } else { 1 });
        }
        Command::Gc { pipelines, age, size, all: _, dry_run, cache, allow_outside, json } => {
            let first = pipelines.first().cloned().unwrap_or_default();
            let project = Project::of(&first, allow_outside, cache.clone())?;
            let _use = CacheUse::exclusive(&project, || waiting("the runners that use the cache"))?;
            let digests = Digests::load(&project);
            let mut needed = HashSet::new();
            let mut given = HashSet::new();
            for pipeline in pipelines {
                let common = Common::of(pipeline, allow_outside, cache.clone());
                if common.project()?.canonical() != project.canonical() {
                    let path = common.pipeline.display();
                    return Err(Error::Usage(format!(
                        "{path} stands in another folder: run gc for it by itself"
                    )));
                }
                let opened =
                    open::open(&common, false, &project, &digests, &mut Descriptions::load(&project))?;
                let mut last = LastRuns::load(&project, &opened.plan.name);
                let setting = opened.setting(&project, &digests);
                needed.extend(preview::preview(&setting, &last).keys.into_iter().flatten());
                let jobs: HashSet<String> =
                    (0..opened.plan.jobs.len()).map(|job| opened.plan.job_name(job)).collect();
                last.retain(|job| jobs.contains(job));
                needed.extend(last.keys());
                if !dry_run {
                    last.save(&project)?;
                }
                given.insert(opened.plan.name.clone());
            }
            needed.extend(gc::needed_by_others(&project, &given)?);
            let store = Store { project: &project, digests: &digests };
            gc::collect(&store, &needed, gc::Allowance { age, size }, dry_run, json)?;
            digests.save()?;
        }
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&plan::json_schema()).unwrap_or_default();
            print(&mut std::io::stdout(), &schema);
        }
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "runner", &mut text);
            print(&mut std::io::stdout(), String::from_utf8_lossy(&text).trim_end());
        }
        Command::Man { command } => man(command.as_deref())?,
    }
    Ok(0)
}

fn size(text: &str) -> Result<u64, String> {
    let value = text.parse().map_or_else(|_| Value::Text(text.to_owned()), Value::Integer);
    quantities::memory(&value).ok_or_else(|| "write a number of bytes, or one with K, M, G or T".to_owned())
}

fn waiting(what: &str) {
    print(&mut std::io::stderr(), &format!("waiting for {what}"));
}

fn man(command: Option<&str>) -> Result<(), Error> {
    let runner = Cli::command();
    let page = match command {
        None => runner,
        Some(name) => {
            let found = runner.find_subcommand(name).cloned();
            let names = runner.get_subcommands().map(|command| command.get_name());
            let unknown = || {
                Error::Usage(format!("there is no command `{name}`; {}", plan::faults::advice(name, names)))
            };
            let page = found.ok_or_else(unknown)?;
            page.name(format!("runner-{name}"))
        }
    };
    let mut text = Vec::new();
    let _ = clap_mangen::Man::new(page).render(&mut text);
    print(&mut std::io::stdout(), String::from_utf8_lossy(&text).trim_end());
    Ok(())
}

impl Common {
    fn of(pipeline: PathBuf, allow_outside: bool, cache: Option<PathBuf>) -> Common {
        Common {
            pipeline,
            targets: vec![],
            set: vec![],
            allow_outside,
            cache,
            color: Color::Auto,
            json: false,
        }
    }

    fn project(&self) -> Result<Project, Error> {
        Project::of(&self.pipeline, self.allow_outside, self.cache.clone())
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
