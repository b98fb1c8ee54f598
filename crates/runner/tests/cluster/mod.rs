//! A Slurm cluster of one node on this machine, started and stopped by tests/slurm/slurm.sh.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "each file of tests uses a part of this")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

pub(crate) struct Cluster {
    folder: TempDir,
}

impl Cluster {
    /// A cluster with these settings of slurm.sh; none where Slurm is not installed, which is told.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Option<Cluster> {
        let cluster = Cluster { folder: tempfile::tempdir().unwrap() };
        let settings = [("SLURM_CPUS", "8")].iter().chain(settings).copied();
        let started = cluster.script("start").envs(settings).output().unwrap();
        let said = String::from_utf8_lossy(&started.stderr).into_owned();
        match started.status.code() {
            Some(0) => Some(cluster),
            Some(3) => {
                println!("skipped, for there is no Slurm here: {}", said.trim());
                None
            }
            _ => panic!("slurm.sh start: {said}"),
        }
    }

    /// Where its commands find it.
    pub(crate) fn conf(&self) -> PathBuf {
        self.folder.path().join("slurm.conf")
    }

    fn script(&self, what: &str) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/slurm/slurm.sh");
        let mut command = Command::new("bash");
        command.arg(script).arg(what).arg(self.folder.path());
        command
    }

    /// Has slurm.sh do something.
    pub(crate) fn perform(&self, what: &str) {
        let output = self.script(what).output().unwrap();
        assert!(output.status.success(), "slurm.sh {what}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// What one of Slurm's commands says.
    pub(crate) fn ask(&self, program: &str, arguments: &[&str]) -> String {
        let Output { stdout, .. } =
            Command::new(program).args(arguments).env("SLURM_CONF", self.conf()).output().unwrap();
        String::from_utf8(stdout).unwrap()
    }

    /// Its jobs that wait or run, as in `12_3 RUNNING`.
    pub(crate) fn queue(&self) -> Vec<String> {
        self.ask("squeue", &["-h", "-r", "-o", "%F_%K %T"]).lines().map(str::to_owned).collect()
    }

    /// The arrays of all jobs that it knows.
    pub(crate) fn arrays(&self) -> Vec<String> {
        let told = self.ask("squeue", &["-h", "-r", "-t", "all", "-o", "%F"]);
        let mut arrays: Vec<String> = told.lines().map(str::to_owned).collect();
        arrays.sort();
        arrays.dedup();
        arrays
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.script("stop").output();
    }
}
