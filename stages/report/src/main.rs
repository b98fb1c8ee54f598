//! The program `report`.

fn main() -> std::process::ExitCode {
    stage::main(&report::STAGE)
}
