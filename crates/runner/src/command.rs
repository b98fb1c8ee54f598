//! The command line of a process, as arguments for the system and as text for a person to paste.

use plan::graph::{Plan, Process, Source};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The arguments of a process; `source` and `output` say which paths its files have.
pub fn arguments(
    process: &Process,
    source: impl Fn(&Source) -> PathBuf,
    output: impl Fn(usize) -> PathBuf,
    threads: usize,
) -> Vec<OsString> {
    let mut arguments = Vec::new();
    for input in &process.inputs {
        if input.stream {
            arguments.push(flag(&input.port, "-".as_ref()));
        } else {
            arguments.extend(input.sources.iter().map(|s| flag(&input.port, source(s).as_os_str())));
        }
    }
    for (number, out) in process.outputs.iter().enumerate() {
        let path = if out.file.is_some() { output(number) } else { PathBuf::from("-") };
        arguments.push(flag(&out.port, path.as_os_str()));
    }
    for param in &process.params {
        arguments.push(flag(&param.name, param.value.to_string().as_ref()));
    }
    arguments.push(flag("threads", threads.to_string().as_ref()));
    arguments
}

fn flag(name: &str, value: &OsStr) -> OsString {
    let mut flag = OsString::from(format!("--{}=", name.replace('_', "-")));
    flag.push(value);
    flag
}

/// Where a source lies in results/ or beside the pipeline.
pub fn source_file<'p>(plan: &'p Plan, source: &'p Source) -> &'p str {
    match source {
        Source::File(path) => path,
        Source::Output { process, output } => {
            plan.processes[*process].outputs[*output].file.as_deref().unwrap_or("-")
        }
    }
}

/// A command line that a shell reads as exactly these words.
pub fn line(program: &str, arguments: &[OsString]) -> String {
    let words = arguments.iter().map(|argument| quoted(&argument.to_string_lossy()));
    std::iter::once(quoted(program)).chain(words).collect::<Vec<_>>().join(" ")
}

/// A path as one word of a shell.
pub fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,+:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted() {
        let words = ["--a=1", "--b=x y", "--c=it's", "--d="].map(OsString::from);
        assert_eq!(line("train", &words), "train --a=1 '--b=x y' '--c=it'\\''s' --d=");
    }
}
