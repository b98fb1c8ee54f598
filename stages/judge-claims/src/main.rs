//! The program `judge-claims`.

fn main() -> std::process::ExitCode {
    stage::main(&judge_claims::STAGE)
}
