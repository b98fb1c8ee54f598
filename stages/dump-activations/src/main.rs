//! The program `dump-activations`.

fn main() -> std::process::ExitCode {
    stage::main(&dump_activations::STAGE)
}
