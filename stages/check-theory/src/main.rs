//! The program `check-theory`.

fn main() -> std::process::ExitCode {
    stage::main(&check_theory::STAGE)
}
