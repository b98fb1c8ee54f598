//! The program `compute-kl`.

fn main() -> std::process::ExitCode {
    stage::main(&compute_kl::STAGE)
}
