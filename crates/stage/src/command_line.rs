//! The command line of a stage, made from its declaration.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, Styles};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::{Map, Value};

use crate::params::{self, Kind, Param};
use crate::port::{Direction, Port};
use crate::progress::{Progress, Style, say};
use crate::{Declaration, Job, describe};

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed while working, 2 wrong usage, 3 bad input.";

/// The job that the command line asks for, or the exit code where it asks for help, a description, or nonsense.
pub(crate) fn parse(stage: &Declaration, arguments: Vec<OsString>) -> Result<Job, ExitCode> {
    let params = params::list(&stage.schema);
    let command = command(stage, &params);
    let matches = command.try_get_matches_from(arguments).map_err(|error| {
        // What clap prints can't reach a closed pipe; there is nobody left to tell.
        let _ = error.print();
        ExitCode::from(error.exit_code().clamp(0, 255) as u8)
    })?;
    if matches.get_flag("describe") {
        let told = writeln!(std::io::stdout(), "{:#}", describe::describe(stage));
        return Err(told.map_or_else(
            |error| {
                say(format_args!("{}: error: the description cannot be written: {error}", stage.name));
                ExitCode::from(1)
            },
            |()| ExitCode::SUCCESS,
        ));
    }
    let usage = |message: String| wrong_usage(stage.name, &message);
    let values = values(&params, &matches).map_err(usage)?;
    let mut paths = HashMap::new();
    for port in stage.ports {
        let given =
            matches.get_many::<PathBuf>(port.name).map(|paths| paths.cloned().collect()).unwrap_or_default();
        paths.insert(port.name, given);
    }
    let threads = matches.get_one::<u64>("threads").map_or(0, |threads| *threads as usize);
    let style = match matches.get_one::<String>("progress").map(String::as_str) {
        Some("events") => Style::Events,
        Some("none") => Style::None,
        Some("plain") => Style::Plain,
        _ => Style::automatic(),
    };
    Job::new(stage, Value::Object(values), paths, threads, Progress::new(stage.name, style)).map_err(usage)
}

/// Says what is wrong with the command line of the program `name`.
pub(crate) fn wrong_usage(name: &str, message: &str) -> ExitCode {
    say(format_args!("{name}: error: {message}\nTry `{name} --help`."));
    ExitCode::from(2)
}

fn flag(name: &str) -> String {
    name.replace('_', "-")
}

fn command(stage: &Declaration, params: &[Param]) -> Command {
    let mut command = Command::new(stage.name)
        .version(stage.version)
        .about(stage.about)
        .after_help(format!("Example:\n  {}\n\n{EXIT_CODES}", stage.example))
        .styles(Styles::styled())
        .max_term_width(110);
    for port in stage.ports {
        command = command.arg(port_argument(port));
    }
    for param in params {
        command = command.arg(param_argument(param));
    }
    command
        .arg(
            Arg::new("threads")
                .long("threads")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..=1024))
                .help_heading("Running")
                .help("Threads to use; outputs are the same bytes for any number [default: all cores]"),
        )
        .arg(
            Arg::new("progress")
                .long("progress")
                .value_name("STYLE")
                .value_parser(["auto", "plain", "events", "none"])
                .default_value("auto")
                .help_heading("Running")
                .help("How to show progress: a bar on a terminal, plain lines, JSON events, or nothing"),
        )
        .arg(
            Arg::new("describe")
                .long("describe")
                .action(ArgAction::SetTrue)
                .exclusive(true)
                .help_heading("Running")
                .help("Print ports, params and version as JSON"),
        )
}

fn port_argument(port: &Port) -> Arg {
    let heading = match port.direction {
        Direction::Input => "Inputs",
        Direction::Output => "Outputs",
    };
    Arg::new(port.name)
        .long(flag(port.name))
        .value_name(if port.format == crate::Format::ArrowStream { "FILE|-" } else { "FILE" })
        .value_parser(value_parser!(PathBuf))
        .required(!port.optional)
        .action(if port.many { ArgAction::Append } else { ArgAction::Set })
        .help_heading(heading)
        .help(if port.many {
            format!("{}; may be given several times", port.help)
        } else {
            port.help.to_owned()
        })
}

fn param_argument(param: &Param) -> Arg {
    let default = match &param.default {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let argument = Arg::new(param.name.clone())
        .long(flag(&param.name))
        .value_name(match param.kind {
            Kind::Integer { .. } => "N",
            Kind::Number { .. } => "X",
            Kind::Boolean => "true|false",
            Kind::Choice(_) => "WORD",
            Kind::Text => "TEXT",
        })
        .allow_hyphen_values(true)
        .default_value(default)
        .help_heading("Params")
        .help(param.help.clone());
    match &param.kind {
        Kind::Choice(words) => argument.value_parser(PossibleValuesParser::new(words)),
        kind => {
            let kind = kind.clone();
            argument.value_parser(move |text: &str| params::value(&kind, text).map(|_| text.to_owned()))
        }
    }
}

fn values(params: &[Param], matches: &ArgMatches) -> Result<Map<String, Value>, String> {
    let mut values = Map::new();
    for param in params {
        if let Some(text) = matches.get_one::<String>(&param.name) {
            let value = params::value(&param.kind, text)
                .map_err(|right| format!("--{}: {right}", flag(&param.name)))?;
            values.insert(param.name.clone(), value);
        }
    }
    Ok(values)
}
