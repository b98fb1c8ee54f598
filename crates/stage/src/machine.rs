//! The machine that a stage runs on, for tables of measured times.

/// Its processor, the cores that it may use, and the widest vector instructions of them that the kernels know, as in
/// `AMD EPYC 7763 64-Core Processor, 2 cores, AVX2`.
///
/// It differs from machine to machine, so it belongs only where times are.
pub fn machine() -> String {
    // Where there is no such file, or it has no names, as on ARM, the architecture is all that is known.
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = model(&about).unwrap_or(std::env::consts::ARCH);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let noun = if cores == 1 { "core" } else { "cores" };
    format!("{processor}, {cores} {noun}{}", vectors())
}

/// The processor's name in the text of `/proc/cpuinfo`.
fn model(about: &str) -> Option<&str> {
    let name = about.lines().find_map(|line| line.strip_prefix("model name"))?;
    let name = name.trim_start().strip_prefix(':')?.trim();
    (!name.is_empty()).then_some(name)
}

#[cfg(target_arch = "x86_64")]
fn vectors() -> &'static str {
    if is_x86_feature_detected!("avx512f") {
        ", AVX-512"
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        ", AVX2"
    } else {
        ""
    }
}

#[cfg(target_arch = "aarch64")]
fn vectors() -> &'static str {
    if std::arch::is_aarch64_feature_detected!("neon") { ", NEON" } else { "" }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn vectors() -> &'static str {
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_called_as_its_system_calls_it() {
        let about =
            "processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7763 64-Core Processor\nflags\t\t: fpu\n";
        assert_eq!(model(about), Some("AMD EPYC 7763 64-Core Processor"));
        for nameless in ["", "processor\t: 0\nCPU part\t: 0xd0c\n", "model name\t:\n"] {
            assert_eq!(model(nameless), None, "{nameless}");
        }
        assert!(machine().contains(" core"));
    }
}
