//! What can be asked of the runner on its command line, and the help that teaches it.

use crate::commands::graph;
use crate::errors::Error;
use crate::screen::Color;
use clap::{Args, CommandFactory, Parser, Subcommand};
use plan::value::Value;
use plan::{faults, quantities};
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::files::Project;

const AFTER_HELP: &str = "\
Examples:
  runner pipeline.yaml                               make everything that is not made yet
  runner pipeline.yaml --dry-run                     show the commands that would run, and why
  runner pipeline.yaml report                        make one stage, and what it needs
  runner pipeline.yaml train@network=cnn2,seed=1     make one cell of a stage
  runner pipeline.yaml train --force                 make a stage again
  runner pipeline.yaml --set train.epochs=2          try another value without editing the file
  runner pipeline.yaml --on slurm                    on a cluster; see docs/cluster.md
  runner pipeline.yaml --live                        watch the run in a browser, at the address that is printed
  runner status pipeline.yaml                        what is made, what is not, and why
  runner log pipeline.yaml train@seed=1              what a job said
  runner table pipeline.yaml aggregate.summary       what is in a table

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
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) common: Option<Common>,
    #[command(flatten)]
    pub(crate) run: RunArguments,
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
    /// Keep outputs in this folder, which several projects may share [default: $PRIORSCOPE_CACHE, or .priorscope]
    #[arg(long, value_name = "FOLDER")]
    pub cache: Option<PathBuf>,
    /// Use colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Answer in JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Make the targets again even if they are up to date
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the commands that would run; change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Say of every job why it runs or not, with every difference
    #[arg(long)]
    pub(crate) explain: bool,
    /// Where jobs run: local, slurm, or the file of a cluster's profile such as cluster.yaml [default: $PRIORSCOPE_ON, or local]
    #[arg(long, value_name = "PLACE")]
    pub(crate) on: Option<String>,
    /// Run at most N jobs at once [default: the number of cores; on a cluster 1000 or what the profile says]
    #[arg(long, short, value_name = "N", value_parser = at_least_one)]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Let all jobs together use N threads [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Let all jobs together use so much memory, such as 8G [default: what the machine has]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) memory: Option<u64>,
    /// After a failure go on with what does not need the failed job
    #[arg(long, short)]
    pub(crate) keep_going: bool,
    /// Serve a page on 127.0.0.1 that shows the run as it goes: graph, progress, logs, curves. Its address is printed
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) live: bool,
    /// Get what other machines made from this store, and put there what is made here: s3://BUCKET/PREFIX, gs://..., az://... or file:///FOLDER [default: $PRIORSCOPE_REMOTE]
    #[arg(long, value_name = "URL")]
    pub(crate) remote: Option<String>,
    /// Put nothing there [default: whether $PRIORSCOPE_REMOTE_MODE is read-only]
    #[arg(long)]
    pub(crate) remote_read_only: bool,
    /// Show errors only
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
    /// Say how long a pipeline would take on so many workers, by the times of jobs that ran here; run nothing
    Simulate(SimulateArguments),
    /// Show a table: its columns with types, shapes, units, statistics and first values
    Table(TableArguments),
    /// Read every output, record and input again, and find what is damaged
    Verify {
        #[command(flatten)]
        project: ProjectArguments,
    },
    /// Remove outputs that no pipeline needs any more
    Gc(GcArguments),
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
pub(crate) struct ProjectArguments {
    /// A pipeline file of the folder
    #[arg(value_name = "PIPELINE.yaml")]
    pub(crate) pipeline: PathBuf,
    /// Keep outputs in this folder, which several projects may share [default: $PRIORSCOPE_CACHE, or .priorscope]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) cache: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  runner simulate pipeline.yaml                             on 1, 2, 4, ... 1024 workers of one thread
  runner simulate pipeline.yaml --workers 50 --threads 8    on 50 workers of 8 threads each
  runner simulate sweep.yaml --times paper --overhead 2s    another pipeline, by the times of the one named paper

A job that ran takes as long as it took. One that did not takes as long as those of its stage that have most of their cell
in common with it took in the mean, whatever its threads.")]
pub(crate) struct SimulateArguments {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many workers there are; one or several numbers
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = workers,
          default_values = ["1", "2", "4", "8", "16", "32", "64", "128", "256", "512", "1024"])]
    pub(crate) workers: Vec<NonZeroUsize>,
    /// The threads of each worker
    #[arg(long, value_name = "N", value_parser = at_least_one, default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    /// What passes beside each job's own time, such as 1.5s for the queue of a cluster
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "0s")]
    pub(crate) overhead: Duration,
    /// The name of the pipeline of this folder whose times are taken [default: this one's]
    #[arg(long, value_name = "NAME")]
    pub(crate) times: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  runner table tiny.yaml aggregate.summary                  an output of a stage
  runner table tiny.yaml train.history                      of all cells, as one table
  runner table tiny.yaml train.history@network=cnn2         of some cells
  runner table results/tiny/aggregate/summary.parquet       any Parquet file")]
pub(crate) struct TableArguments {
    /// A pipeline and one of its outputs, or Parquet files that are parts of one table
    #[arg(value_name = "PIPELINE.yaml STAGE.OUTPUT | FILE.parquet", required = true)]
    pub(crate) names: Vec<PathBuf>,
    /// Keep outputs in this folder, which several projects may share [default: $PRIORSCOPE_CACHE, or .priorscope]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) cache: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("allowance").required(true).multiple(true)))]
pub(crate) struct GcArguments {
    /// A pipeline file; others of its folder keep all that their last runs made
    #[arg(value_name = "PIPELINE.yaml", required = true)]
    pub(crate) pipelines: Vec<PathBuf>,
    /// Remove what was not used for so long, such as 30d
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, group = "allowance")]
    pub(crate) age: Option<Duration>,
    /// Remove the longest unused until the store has this size, such as 10G
    #[arg(long, value_name = "SIZE", value_parser = size, group = "allowance")]
    pub(crate) size: Option<u64>,
    /// Remove all that no pipeline needs
    #[arg(long, group = "allowance", conflicts_with_all = ["age", "size"])]
    pub(crate) all: bool,
    /// Only say what would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// See `runner --help`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) cache: Option<PathBuf>,
    /// See `runner --help`
    #[arg(long)]
    pub(crate) allow_outside: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Common {
    pub(crate) fn of(pipeline: PathBuf, allow_outside: bool, cache: Option<PathBuf>) -> Common {
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

    pub(crate) fn project(&self) -> Result<Project, Error> {
        project(&self.pipeline, self.allow_outside, self.cache.clone())
    }
}

/// Whether a command line that cannot be understood asks for answers in JSON.
pub(crate) fn asks_for_json(words: impl Iterator<Item = OsString>) -> bool {
    words.take_while(|word| word != "--").any(|word| word == "--json")
}

/// What is wrong with a command line, in one line: without the usage that a person would be shown.
pub(crate) fn in_words(wrong: &clap::Error) -> String {
    let text = wrong.render().to_string();
    let told = text.split("\n\nUsage:").next().unwrap_or_default();
    let told = told.split("\n\nFor more information").next().unwrap_or_default();
    let lines =
        told.lines().map(|line| line.trim().trim_start_matches("error: ")).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ")
}

fn size(text: &str) -> Result<u64, String> {
    let value = text.parse().map_or_else(|_| Value::Text(text.to_owned()), Value::Integer);
    quantities::memory(&value).ok_or_else(|| "write a number of bytes, or one with K, M, G or T".to_owned())
}

fn time(text: &str) -> Result<Duration, String> {
    // Unlike a timeout it may be nothing, or a fraction.
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = || quantities::time(&Value::Text(text.to_owned()));
    let short = || humantime::parse_duration(text).ok();
    let long = |time: &Duration| *time <= Duration::from_secs(10_000 * 24 * 3600);
    let help =
        || "write a time of at most 10000d, such as 1.5s, 500ms or 2m, or a number of seconds".to_owned();
    seconds.or_else(time).or_else(short).filter(long).ok_or_else(help)
}

/// The most workers: more than any cluster has.
const MOST_WORKERS: usize = 1_000_000;

fn workers(text: &str) -> Result<NonZeroUsize, String> {
    let number: Option<NonZeroUsize> = text.trim().parse().ok();
    let help = || format!("write whole numbers from 1 to {MOST_WORKERS}, with commas between them");
    number.filter(|number| number.get() <= MOST_WORKERS).ok_or_else(help)
}

/// The most threads or jobs: starting many more takes minutes, and no machine has so many cores.
const MOST_AT_ONCE: usize = 1024;

fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    let number: NonZeroUsize = text.parse().map_err(|_| "write a whole number of at least 1".to_owned())?;
    if number.get() > MOST_AT_ONCE { Err(format!("at most {MOST_AT_ONCE}")) } else { Ok(number) }
}

/// What is wrong with the path of a pipeline that is no file.
fn no_pipeline(path: &Path) -> String {
    if path.is_dir() {
        return format!("{} is a folder; name a pipeline in it, such as pipeline.yaml", path.display());
    }
    let commands: Vec<String> = Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let near = faults::nearest(&path.to_string_lossy(), commands.iter().map(String::as_str));
    let near = near.map(|command| format!("; did you mean the command `{command}`?")).unwrap_or_default();
    format!("there is no file {}{near}", path.display())
}

/// The folder of a pipeline, with the cache that the command line or the environment names.
pub(crate) fn project(
    pipeline: &Path,
    allow_outside: bool,
    cache: Option<PathBuf>,
) -> Result<Project, Error> {
    if !pipeline.is_file() {
        return Err(Error::Usage(no_pipeline(pipeline)));
    }
    let named = || std::env::var_os("PRIORSCOPE_CACHE").filter(|name| !name.is_empty()).map(PathBuf::from);
    Ok(Project::of(pipeline, allow_outside, cache.or_else(named))?)
}
