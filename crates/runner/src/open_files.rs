//! How many files this process may have open: a run on a cluster holds one for each of its jobs.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows as many as the system lets this user have; many systems begin with 1,024.
pub fn allow_all() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where that is refused fewer jobs wait and run at once.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// How many there may be.
pub fn limit() -> usize {
    let current = getrlimit(Resource::Nofile).current;
    current.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX)
}
