//! The program `train`.

fn main() -> std::process::ExitCode {
    stage::main(&train::STAGE)
}
