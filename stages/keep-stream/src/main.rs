//! The program `keep-stream`.

fn main() -> std::process::ExitCode {
    stage::main(&keep_stream::STAGE)
}
