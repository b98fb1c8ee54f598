//! What became of a job that left no word of its end, by what Slurm says of it.

use super::client::State;
use std::time::Duration;

/// How long word of an end may take from the node on which a job ended to this one, over the shared file system.
pub fn patience(state: Option<&State>, has_begun: bool) -> Duration {
    match state.map(|state| state.state.as_str()) {
        // Slurm forgets at once a job that was cancelled while it waited.
        None if !has_begun => Duration::from_secs(10),
        // By all that Slurm knows it ended well.
        None | Some("COMPLETED") => Duration::from_secs(60),
        Some(_) => Duration::from_secs(3),
    }
}

/// Why a process of a job was ended from outside, where Slurm knows it.
pub fn of_kill(state: &State) -> Option<String> {
    const KNOWN: [&str; 7] =
        ["OUT_OF_MEMORY", "TIMEOUT", "DEADLINE", "PREEMPTED", "CANCELLED", "NODE_FAIL", "BOOT_FAIL"];
    KNOWN.contains(&state.state.as_str()).then(|| in_words(Some(state), true))
}

/// In words.
pub fn in_words(state: Option<&State>, has_begun: bool) -> String {
    let Some(State { state, reason }) = state else {
        if !has_begun {
            return "was cancelled in Slurm before it began".to_owned();
        }
        return "was lost: Slurm does not know its job any more, and it left no word of its end".to_owned();
    };
    match state.as_str() {
        "TIMEOUT" | "DEADLINE" => {
            format!("ran into the time limit of its Slurm job ({state}); give its stage a longer `timeout`, or the profile a longer `time`")
        }
        "OUT_OF_MEMORY" => {
            format!("used more memory than its Slurm job was given ({state}); give its stage more `memory`")
        }
        "NODE_FAIL" | "BOOT_FAIL" => format!("its node was lost ({state})"),
        "PREEMPTED" => format!("had to make room for other jobs ({state})"),
        "CANCELLED" => format!("was cancelled in Slurm ({state})"),
        "COMPLETED" => {
            "ended in Slurm without leaving word of its end: is the cache on a file system that all nodes share?".to_owned()
        }
        _ if reason.is_empty() || reason == "None" => format!("failed in Slurm ({state})"),
        _ => format!("failed in Slurm ({state}, {reason})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_own_words() {
        let said = |state: &str, reason: &str| {
            in_words(Some(&State { state: state.to_owned(), reason: reason.to_owned() }), true)
        };
        assert!(said("NODE_FAIL", "None").contains("its node was lost"));
        assert!(said("PREEMPTED", "None").contains("room for other jobs"));
        assert!(said("TIMEOUT", "TimeLimit").contains("time limit"));
        assert!(said("OUT_OF_MEMORY", "OutOfMemory").contains("more `memory`"));
        assert_eq!(said("FAILED", "NonZeroExitCode"), "failed in Slurm (FAILED, NonZeroExitCode)");
        assert!(in_words(None, true).contains("does not know its job"));
    }
}
