//! The program `compare-settings`.

fn main() -> std::process::ExitCode {
    stage::main(&compare_settings::STAGE)
}
