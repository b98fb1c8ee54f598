//! The program `aggregate`.

fn main() -> std::process::ExitCode {
    stage::main(&aggregate::STAGE)
}
