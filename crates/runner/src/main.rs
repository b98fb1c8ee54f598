//! The program `runner`: hands its command line to the library and ends with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == runner::guard::ARGUMENT) {
        return runner::guard::stand_guard();
    }
    runner::cli::main()
}
