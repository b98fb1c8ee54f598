//! The program `runner`: hands its command line to the library and ends with its exit code.

use std::collections::HashSet;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == runner::task::GUARD) {
        return runner::guard::stand_guard();
    }
    if std::env::args_os().nth(1).is_some_and(|first| first == runner::slurm::CELL) {
        runner::orphans::adopt();
        return runner::slurm::work();
    }
    runner::orphans::adopt();
    runner::open_files::allow_all();
    let code = runner::cli::main();
    // What a guard left that was killed itself.
    runner::orphans::end(&HashSet::new());
    code
}
