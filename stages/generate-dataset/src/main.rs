//! The program `generate-dataset`.

fn main() -> std::process::ExitCode {
    stage::main(&generate_dataset::STAGE)
}
