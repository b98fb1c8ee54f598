//! A file system that fills up, and one that is read-only: a clear message, and the next run is as if nothing was.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]

mod workshop;

use std::process::{Command, Stdio};
use workshop::{Ran, Workshop, ran};

/// Runs a script that may mount things which nobody else sees. `None` where the system does not allow it.
fn with_mounts(shop: &Workshop, script: &str) -> Option<Ran> {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--user", "--map-root-user", "sh", "-c", script]);
        command.current_dir(shop.path("")).env("RUNNER", env!("CARGO_BIN_EXE_runner"));
        let path = format!("{}:{}", shop.path("bin").display(), std::env::var("PATH").unwrap());
        command.env("PATH", path).stdin(Stdio::null()).output()
    };
    let allowed = unshare("mount -t tmpfs none /mnt").is_ok_and(|output| output.status.success());
    if !allowed {
        eprintln!("skipped: this system does not let a test mount a file system of its own");
        return None;
    }
    Some(ran(unshare(script).unwrap()))
}

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.stage("source", &[], &["out"], "", "head -c 200000 /dev/zero > $out || exit 1");
    shop.stage("copy", &["data"], &["out"], "", "{ cat $data; echo more; } > $out || exit 1");
    shop.pipeline("  source: {}\n  copy: {inputs: {data: source.out}}\n");
    shop.write("p.yaml", &shop.read("p.yaml"));
    std::fs::create_dir(shop.path("disk")).unwrap();
    shop
}

#[test]
fn a_disk_that_fills_up_at_any_point_loses_nothing() {
    let shop = shop();
    // So much is left each time, from nothing at all to more than the run needs.
    for left in (0..=560).step_by(20) {
        let script = format!(
            "mount -t tmpfs -o size=1m none disk && cp p.yaml disk && cd disk || exit 9
             head -c $(((1024 - {left} - 8) * 1024)) /dev/zero > filler
             \"$RUNNER\" p.yaml; first=$?
             rm filler
             \"$RUNNER\" p.yaml || exit 8
             [ $(stat -c %s results/p/copy/out.txt) = 200005 ] && [ $(stat -c %s results/p/source/out.txt) = 200000 ] || exit 7
             \"$RUNNER\" p.yaml | grep -q '^nothing to do: 2 jobs' || exit 6
             \"$RUNNER\" verify p.yaml >&2 || exit 5
             echo first=$first"
        );
        let Some(ran) = with_mounts(&shop, &script) else { return };
        assert_eq!(ran.code, 0, "{left} KiB left: {}{}", ran.out, ran.err);
        let enough = ran.out.contains("first=0");
        let said = ran.err.contains("No space left") || ran.err.contains("os error 28");
        assert!(enough || said, "{left} KiB left: {}{}", ran.out, ran.err);
        assert!(left > 0 || !enough, "a full disk was not noticed: {}", ran.out);
        assert!(left < 560 || enough, "{}{}", ran.out, ran.err);
    }
}

#[test]
fn a_cache_on_another_file_system_holds_what_results_are_copies_of() {
    let shop = shop();
    let script = "mount -t tmpfs none disk || exit 9
        \"$RUNNER\" p.yaml --cache disk || exit 8
        \"$RUNNER\" p.yaml --cache disk | grep -q '^nothing to do: 2 jobs' || exit 7
        rm -r results && \"$RUNNER\" p.yaml --cache disk | grep -q '2 results put in place' || exit 6
        \"$RUNNER\" gc p.yaml --all --cache disk && \"$RUNNER\" verify p.yaml --cache disk || exit 5
        [ $(stat -c %s results/p/copy/out.txt) = 200005 ] || exit 4";
    let Some(ran) = with_mounts(&shop, script) else { return };
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(shop.calls("source"), 1);
}

#[test]
fn a_read_only_folder_is_named() {
    let shop = shop();
    let script = "mount -t tmpfs none disk && cp p.yaml disk && mount -o remount,ro disk && cd disk || exit 9
        \"$RUNNER\" p.yaml --dry-run || exit 8
        \"$RUNNER\" status p.yaml || exit 7
        \"$RUNNER\" p.yaml; first=$?
        mount -o remount,rw . && \"$RUNNER\" p.yaml || exit 6
        exit $first";
    let Some(ran) = with_mounts(&shop, script) else { return };
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(".priorscope") && ran.err.contains("Read-only file system"), "{}", ran.err);
}

#[test]
fn what_is_made_can_be_looked_at_where_nothing_can_be_written() {
    let shop = shop();
    let script = "mount -t tmpfs none disk && cp p.yaml disk && cd disk && \"$RUNNER\" p.yaml || exit 9
        sleep 0.1 && \"$RUNNER\" p.yaml && mount -o remount,ro . || exit 8
        \"$RUNNER\" p.yaml | grep -q '^nothing to do: 2 jobs' || exit 7
        \"$RUNNER\" verify p.yaml | grep -q '^all is as it was' || exit 6";
    let Some(ran) = with_mounts(&shop, script) else { return };
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn results_that_become_read_only_fail_with_a_message_and_lose_nothing() {
    let shop = shop();
    let script = "mkdir -p results && mount -t tmpfs none results && mount -o remount,ro results || exit 9
        \"$RUNNER\" p.yaml; first=$?
        mount -o remount,rw results && \"$RUNNER\" p.yaml || exit 8
        [ $(stat -c %s results/p/copy/out.txt) = 200005 ] || exit 7
        exit $first";
    let Some(ran) = with_mounts(&shop, script) else { return };
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("results") && ran.err.contains("Read-only file system"), "{}", ran.err);
    assert_eq!(shop.calls("source"), 1);
}
