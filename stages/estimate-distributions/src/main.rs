//! The program `estimate-distributions`.

fn main() -> std::process::ExitCode {
    stage::main(&estimate_distributions::STAGE)
}
