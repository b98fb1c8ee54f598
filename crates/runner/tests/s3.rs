//! A shared cache in an S3-compatible server, which moto plays: what goes there and comes back, what is said when it is
//! taken away in the middle or does not accept the credentials, and that these are told to nobody.
//!
//! Where moto is not installed these tests say so and test nothing: pip install -r tests/s3/requirements.txt

#![allow(clippy::unwrap_used, reason = "a test whose helper fails has failed")]

mod workshop;

use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use workshop::{Ran, Workshop, ran};

const SECRET: &str = "this-text-must-be-nowhere";

/// A server of this test's own.
struct Server {
    folder: TempDir,
    url: String,
}

impl Server {
    /// None where there is no moto.
    fn start() -> Option<Server> {
        let folder = tempfile::tempdir().unwrap();
        let output = Server::script("start", folder.path()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.code() == Some(3) {
            println!("not tested: {}", String::from_utf8_lossy(&output.stderr).trim());
            return None;
        }
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}{words}");
        let url = told.split("AWS_ENDPOINT_URL=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        Some(Server { folder, url })
    }

    fn script(what: &str, folder: &Path) -> Command {
        let mut command = Command::new("sh");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/s3/server.sh")).arg(what).arg(folder);
        command.stdin(Stdio::null());
        command
    }

    fn stop(&self) {
        assert!(Server::script("stop", self.folder.path()).status().unwrap().success());
    }

    /// A runner that has this server's bucket as its shared cache.
    fn runner(&self, shop: &Workshop, arguments: &[&str]) -> Command {
        let mut command = shop.command(&[&["--remote", "s3://cache/team"], arguments].concat());
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", "us-east-1")
            .env("NO_PROXY", "127.0.0.1");
        command.env("AWS_ACCESS_KEY_ID", "name-of-the-key").env("AWS_SECRET_ACCESS_KEY", SECRET);
        command
    }

    fn run(&self, shop: &Workshop) -> Ran {
        ran(self.runner(shop, &[]).output().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.folder.path().join("server.pid").exists() {
            let _ = Server::script("stop", self.folder.path()).status();
        }
    }
}

fn machine() -> Workshop {
    let shop = Workshop::with_stages();
    shop.pipeline("  source: {matrix: {seed: [1, 2, 3]}}\n  count: {inputs: {data: source.out}}\n");
    shop
}

#[test]
fn jobs_do_not_see_the_credentials_of_the_cache() {
    let Some(server) = Server::start() else { return };
    let shop = Workshop::with_stages();
    shop.stage("show", &[], &["out"], "", r#"env > "$out"; env"#);
    shop.pipeline("  show: {}\n");
    assert_eq!(server.run(&shop).code, 0);
    assert!(shop.result("show/out.txt").contains("AWS_ACCESS_KEY_ID=name-of-the-key"));
    is_nowhere(SECRET, &shop.path(""));
    // Where the runner needs none they are the stage's own affair.
    let mut alone = shop.command(&["--force"]);
    assert!(alone.env("AWS_SECRET_ACCESS_KEY", "own").status().unwrap().success());
    assert!(shop.result("show/out.txt").contains("AWS_SECRET_ACCESS_KEY=own"));
}

/// Fails where a text stands in a file of a folder.
fn is_nowhere(text: &str, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            is_nowhere(text, &path);
        } else if let Ok(bytes) = fs::read(&path) {
            assert!(!bytes.windows(text.len()).any(|part| part == text.as_bytes()), "{}", path.display());
        }
    }
}

#[test]
fn what_one_machine_made_another_has_and_nobody_learns_the_secret() {
    let Some(server) = Server::start() else { return };
    let (first, second) = (machine(), machine());
    let made = server.run(&first);
    assert!(
        made.code == 0 && made.out.contains("uploaded 4 jobs to s3://cache/team ("),
        "{}{}",
        made.out,
        made.err
    );
    let got = server.run(&second);
    assert_eq!((got.code, got.err.as_str()), (0, ""));
    assert!(
        got.out.contains("nothing to run: 4 jobs up to date, 4 of them from the shared cache, "),
        "{}",
        got.out
    );
    assert_eq!((second.calls("source"), second.result("count/out.txt").trim()), (0, "3"));
    for (shop, ran) in [(&first, made), (&second, got)] {
        assert!(!format!("{}{}", ran.out, ran.err).contains(SECRET));
        is_nowhere(SECRET, &shop.path(""));
    }
}

#[test]
fn a_large_output_goes_in_parts_and_comes_back_the_same() {
    let Some(server) = Server::start() else { return };
    let large = || {
        let shop = Workshop::new();
        shop.stage("large", &[], &["out"], "", "head -c 20000001 /dev/urandom > $out");
        shop.pipeline("  large: {}\n");
        shop
    };
    let (first, second) = (large(), large());
    for shop in [&first, &second] {
        let ran = server.run(shop);
        assert!(ran.code == 0 && ran.err.is_empty(), "{}{}", ran.out, ran.err);
    }
    let read = |shop: &Workshop| fs::read(shop.path("results/p/large/out.txt")).unwrap();
    assert!(read(&first) == read(&second) && second.calls("large") == 0);
}

#[test]
fn a_server_that_is_taken_away_in_the_middle_is_told_once_and_the_run_ends_well() {
    let Some(server) = Server::start() else { return };
    let shop = Workshop::with_stages();
    let wait = "touch \"$0.waits\"; while [ ! -e \"$0.go\" ]; do sleep 0.02; done";
    shop.stage("wait", &["data"], &["out"], "", &format!("{wait}; cat $data > $out"));
    shop.pipeline(concat!(
        "  source: {}\n  wait: {inputs: {data: source.out}}\n",
        "  copy: {inputs: {data: wait.out}}\n  count: {inputs: {data: copy.out}}\n",
    ));
    let runner = server.runner(&shop, &[]).spawn().unwrap();
    shop.wait_for("bin/wait.waits");
    server.stop();
    shop.write("bin/wait.go", "");
    let ran = ran(runner.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.err.lines().count()), (0, 1), "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains("s3://cache/team cannot be used (no connection): going on without it"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("4 done") && shop.result("count/out.txt").trim() == "2", "{}", ran.out);
    is_nowhere(SECRET, &shop.path(""));
}

#[test]
fn credentials_and_buckets_that_are_wrong_are_told_once_in_words_of_the_runner() {
    let Some(server) = Server::start() else { return };
    // The server that plays S3 accepts every name; one that does not is played by another.
    let denies = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", denies.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in denies.incoming() {
            let mut stream = stream.unwrap();
            let body = "<Error><Code>InvalidAccessKeyId</Code><AWSAccessKeyId>name-of-the-key</AWSAccessKeyId></Error>";
            let head = format!(
                "HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = std::io::Read::read(&mut stream, &mut [0; 65536]);
            let _ = std::io::Write::write_all(&mut stream, format!("{head}{body}").as_bytes());
        }
    });
    let shop = machine();
    let denied = ran(server.runner(&shop, &[]).env("AWS_ENDPOINT_URL", address).output().unwrap());
    let other = machine();
    let mut command = other.command(&["--remote", "s3://no-such-bucket"]);
    command.env("AWS_ENDPOINT_URL", &server.url).env("NO_PROXY", "127.0.0.1");
    let lacking =
        ran(command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", SECRET).output().unwrap());
    for (shop, ran, why) in
        [(&shop, denied, "403"), (&other, lacking, "the bucket or container is not there")]
    {
        assert_eq!((ran.code, ran.err.lines().count()), (0, 1), "{}{}", ran.out, ran.err);
        assert!(ran.err.contains(why) && ran.err.contains("going on without it"), "{}", ran.err);
        assert!(ran.out.contains("4 done") && shop.calls("source") == 3, "{}", ran.out);
        for text in [SECRET, "name-of-the-key"] {
            assert!(!format!("{}{}", ran.out, ran.err).contains(text), "{}", ran.err);
            is_nowhere(text, &shop.path(""));
        }
    }
}

#[test]
fn a_server_that_is_deaf_holds_a_run_up_for_a_moment_and_its_end_not_at_all() {
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", deaf.local_addr().unwrap());
    let deaf = |shop: &Workshop| {
        let mut command = shop.command(&["--remote", "s3://cache"]);
        command.env("AWS_ENDPOINT_URL", &address).env("NO_PROXY", "127.0.0.1");
        command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", SECRET).spawn().unwrap()
    };
    let (patient, hasty) = (machine(), machine());
    let at = Instant::now();
    let (waits, stops) = (deaf(&patient), deaf(&hasty));
    std::thread::sleep(Duration::from_millis(500));
    hasty.send(&stops, Signal::INT);
    let stopped = ran(stops.wait_with_output().unwrap());
    assert!(stopped.code == 130 && at.elapsed() < Duration::from_secs(5), "{}{}", stopped.out, stopped.err);
    let ran = ran(waits.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.err.lines().count()), (0, 1), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("cannot be used (") && ran.out.contains("4 done"), "{}{}", ran.out, ran.err);
    assert!(at.elapsed() < Duration::from_secs(20), "{:?}", at.elapsed());
}

#[test]
fn a_server_elsewhere_is_not_spoken_to_in_the_open() {
    let shop = machine();
    let mut command = shop.command(&["--remote", "s3://cache"]);
    let refused = ran(command.env("AWS_ENDPOINT_URL", "http://s3.example").output().unwrap());
    assert!(
        refused.code == 2 && refused.err.contains("AWS_ENDPOINT_URL begins with http"),
        "{}",
        refused.err
    );
    assert_eq!(shop.calls("source"), 0);
}
