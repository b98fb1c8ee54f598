//! Who answers what the command line asks.

use crate::arguments::{self, Cli, Command, Common, RunArguments, TableArguments};
use crate::commands::{self, dry_run, gc, graph, history, log, simulate, status, table, verify};
use crate::errors::Error;
use crate::last::LastRuns;
use crate::live::Live;
use crate::lock::{self, CacheUse, Waiting};
use crate::on::On;
use crate::open::{self, Opened};
use crate::perform::Shared;
use crate::preview;
use crate::programs::Descriptions;
use crate::remote::Remote;
use crate::remote::address::Address;
use crate::run::{Manner, Run};
use crate::screen::{Color, Screen, Show, print};
use crate::setting::Setting;
use crate::signals;
use crate::task::Stop;
use crate::work::Event;
use clap::{CommandFactory, Parser};
use plan::faults::printable;
use signal_hook::consts::SIGINT;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Instant, SystemTime};
use store::Store;
use store::digests::Digests;

/// The program.
pub fn main() -> ExitCode {
    let begin = Instant::now();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(wrong) if wrong.use_stderr() && arguments::asks_for_json(std::env::args_os()) => {
            let error = Error::Usage(arguments::in_words(&wrong));
            tell(&error, Color::Auto, true);
            return ExitCode::from(error.exit_code());
        }
        Err(wrong) => wrong.exit(),
    };
    let (color, json) = match (&cli.common, &cli.command) {
        (
            _,
            Some(Command::Status { common, .. } | Command::Graph { common, .. } | Command::Log { common }),
        ) => (common.color, common.json),
        (_, Some(Command::History { project, .. } | Command::Verify { project })) => {
            (Color::Auto, project.json)
        }
        (_, Some(Command::Gc(arguments))) => (Color::Auto, arguments.json),
        (_, Some(Command::Table(arguments))) => (Color::Auto, arguments.json),
        (_, Some(Command::Simulate(arguments))) => (arguments.common.color, arguments.common.json),
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
        // Where this cannot be told either, the exit code tells it.
        let _ = commands::answer(true, &error.as_json(), String::new);
        return;
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
    let address = Address::find(arguments.remote.as_deref(), arguments.remote_read_only)?;
    let digests = Digests::load(&project);
    let mut descriptions = Descriptions::load(&project);
    let mut opened = open::open(common, arguments.force, &project, &digests, &mut descriptions)?;
    let named = || std::env::var("PRIORSCOPE_ON").ok().filter(|place| !place.is_empty());
    let on = On::read(arguments.on.clone().or_else(named).as_deref(), common.color)?;
    let limits = on.limits(arguments);
    if arguments.dry_run {
        let setting = opened.setting(&project, &digests);
        let preview = preview::preview(&setting, &LastRuns::load(&project, &opened.plan.name));
        dry_run::print(
            &setting,
            &preview,
            on.threads().unwrap_or(limits.threads),
            arguments.explain,
            common.json,
        )?;
        return Ok(0);
    }

    let name = opened.plan.name.clone();
    let show = match (common.json, arguments.quiet) {
        (true, _) => Show::Json,
        (false, true) => Show::Quiet,
        (false, false) => Show::Normal,
    };
    let total = opened.wanted.iter().filter(|wanted| **wanted).count();
    let mut screen = Screen::new(show, common.color, total);
    let (sender, events) = mpsc::channel();
    watch_signals(sender.clone())?;
    // Nothing else is told before a job runs.
    let stop = || events.try_recv().is_ok();
    let tell = |holder: &str| {
        screen.warn(&format!("waiting: another runner works on the pipeline {name} ({holder})"))
    };
    let mut lock = lock::acquire(&project, &name, &Waiting { tell: &tell, stop: &stop })?;
    let tell = |_: &str| screen.warn("waiting: another command looks through the cache");
    let _use = CacheUse::shared(&project, &Waiting { tell: &tell, stop: &stop })?;
    if lock.waited {
        // Meanwhile the file, its programs or its inputs may have changed.
        digests.reload();
        opened = open::open(common, arguments.force, &project, &digests, &mut descriptions)?;
        if opened.plan.name != name {
            let message =
                format!("the pipeline got another name than {name} while this run waited; run again");
            return Err(Error::Usage(message));
        }
    }
    let file = common.pipeline.file_name().unwrap_or_default().to_string_lossy();
    if let Some(other) = lock.signed_by().filter(|other| open::is_another(&project, &file, other, &name)) {
        let message = format!(
            "{other} of this folder is named {name}, too, and would share its results with {file}; write another `name:`"
        );
        return Err(Error::Usage(message));
    }
    lock.sign(&file);
    let setting = opened.setting(&project, &digests);
    project.clear_aside();
    project.register()?;
    let mut last = LastRuns::load(&project, &name);
    let started = SystemTime::now();
    let manner = Manner {
        limits,
        threads: on.threads(),
        keep_going: arguments.keep_going,
        explain: arguments.explain,
    };
    let executor = on.executor(&project, &name, sender.clone())?;
    let shared = Shared::new(&project, executor.as_ref());
    let mut live = arguments.live.then(|| Live::start(setting.plan, setting.wanted, begin)).transpose()?;
    live.iter().for_each(|live| screen.live(live.url()));
    let (outcome, seconds, saved) = std::thread::scope(|scope| -> Result<_, Error> {
        let start = |address| Remote::start(scope, setting, address, sender.clone());
        let mut remote = address.map(start).transpose()?;
        let run = Run::new(setting, manner, &shared, &mut screen, live.as_mut(), remote.as_mut(), &mut last);
        let outcome = run.run(&sender, &events);
        let seconds = begin.elapsed().as_secs_f64();
        if let Err(error) = history::keep(&setting, &common.targets, limits, started, seconds, &outcome) {
            screen.warn(&format!("the history of this run could not be kept: {error}"));
        }
        // Each of them is of use without the others.
        let saved = [last.save(&project), digests.save().map_err(Error::Store), descriptions.save(&project)];
        if let Some(live) = live {
            live.close(&outcome);
        }
        // Nobody has to wait for uploads, not even who wants to run the pipeline again.
        drop(lock);
        if let Some(remote) = remote {
            remote.finish(&setting, &outcome, &screen, &events);
        }
        Ok((outcome, seconds, saved))
    })?;
    screen.close(outcome.counts, seconds);
    // Where nothing can be written a run with nothing to do has only not learnt what it need not read again.
    let idle = outcome.counts.done + outcome.counts.failed == 0;
    saved.into_iter().filter(|saved| !idle || !is_denied(saved)).collect::<Result<(), Error>>()?;
    Ok(match (outcome.interrupted, outcome.counts.failed) {
        (true, _) => 130,
        (false, 0) => 0,
        (false, _) => 1,
    })
}

fn perform(command: Command) -> Result<u8, Error> {
    match command {
        Command::Status { common, all, check } => {
            let color = common.color.on(&std::io::stdout());
            let up_to_date = look_at(&common, |opened, setting| {
                let last = LastRuns::load(setting.project, &opened.plan.name);
                status::print(setting, &preview::preview(setting, &last), all, color, common.json)
            })?;
            return Ok(if check && !up_to_date { 1 } else { 0 });
        }
        Command::Graph { common, cells, format } => {
            look_at(&common, |opened, _| {
                graph::print(&opened.plan, &opened.wanted, cells, format, common.json)
            })?;
        }
        Command::Log { common } => {
            look_at(&common, |opened, setting| log::print(setting, &opened.named, common.json))?;
        }
        Command::History { project: folder, run } => {
            let project = arguments::project(&folder.pipeline, false, folder.cache)?;
            history::print(&project, run.as_deref(), folder.json)?;
        }
        Command::Verify { project: folder } => {
            let project = arguments::project(&folder.pipeline, false, folder.cache)?;
            let _use = CacheUse::exclusive(&project, &commands::WAIT_FOR_RUNNERS)?;
            let digests = Digests::load(&project);
            let intact = verify::verify(&Store { project: &project, digests: &digests }, false, folder.json)?;
            let saved = digests.save().map_err(Error::Store);
            if !is_denied(&saved) {
                saved?;
            }
            return Ok(if intact { 0 } else { 1 });
        }
        Command::Simulate(arguments) => {
            look_at(&arguments.common, |_, setting| {
                simulate::print(setting, &arguments, arguments.common.json)
            })?;
        }
        Command::Table(arguments) => show_table(arguments)?,
        Command::Gc(arguments) => gc::gc(arguments)?,
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&plan::json_schema()).unwrap_or_default();
            commands::tell(&schema)?;
        }
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "runner", &mut text);
            commands::tell(String::from_utf8_lossy(&text).trim_end())?;
        }
        Command::Man { command } => man(command.as_deref())?,
    }
    Ok(0)
}

fn is_denied(saved: &Result<(), Error>) -> bool {
    saved.as_ref().is_err_and(Error::is_denied)
}

/// Opens a pipeline for a command that changes nothing.
fn look_at<T>(
    common: &Common,
    answer: impl FnOnce(&Opened, &Setting) -> Result<T, Error>,
) -> Result<T, Error> {
    let project = common.project()?;
    let digests = Digests::load(&project);
    let opened = open::open(common, false, &project, &digests, &mut Descriptions::load(&project))?;
    answer(&opened, &opened.setting(&project, &digests))
}

fn show_table(arguments: TableArguments) -> Result<(), Error> {
    let TableArguments { names, cache, json } = arguments;
    let is_pipeline = names[0].extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    if !is_pipeline {
        return table::print(&names, json);
    }
    if names.len() > 2 {
        return Err(Error::Usage(
            "name one output of a pipeline; all its cells are shown as one table".to_owned(),
        ));
    }
    let mut common = Common::of(names[0].clone(), false, cache);
    match names.get(1).map(|name| table::Name::parse(&name.to_string_lossy())).transpose()? {
        None => look_at(&common, |_, setting| {
            let names = table::names(setting).join(", ");
            Err(Error::Usage(format!("name an output of it: {names}")))
        }),
        Some(name) => {
            common.targets = vec![name.target()];
            let files = look_at(&common, |opened, setting| {
                table::files(setting, &opened.named, &name, &common.pipeline)
            })?;
            table::print(&files, json)
        }
    }
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
    commands::tell(String::from_utf8_lossy(&text).trim_end())
}

fn watch_signals(sender: mpsc::Sender<Event>) -> Result<(), Error> {
    let signals = signal_hook::iterator::Signals::new(signals::to_watch());
    let mut signals = signals.map_err(|error| Error::Usage(format!("signals cannot be watched: {error}")))?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let how = if signal == SIGINT { Stop::Ask } else { Stop::Leave };
            let _ = sender.send(Event::Interrupted(how));
        }
    });
    Ok(())
}
