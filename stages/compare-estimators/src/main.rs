//! The program `compare-estimators`.

fn main() -> std::process::ExitCode {
    stage::main(&compare_estimators::STAGE)
}
