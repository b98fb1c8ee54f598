//! The page of a run: who gets it, what it tells, and that it ends with the run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test whose helper fails has failed")]
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Project, program};

/// A training that would take hours.
const LONG: &str = "
name: long
stages:
  dataset:
    program: generate-dataset
    inputs: {digits: data/digits.parquet}
    params: {train_per_class: 20, test_per_class: 20}
  train:
    inputs: {dataset: dataset.dataset}
    params: {network: cnn1, epochs: 100000}
";

/// A run with its page.
struct Live {
    runner: Child,
    stderr: BufReader<ChildStderr>,
    /// As in `127.0.0.1:4000`.
    host: String,
    /// Begins and ends with a slash.
    path: String,
}

impl Live {
    fn start(project: &Project) -> Live {
        let mut command = program("runner", project.path());
        command.args(["pipeline.yaml", "--live"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut runner = command.spawn().unwrap();
        let mut stderr = BufReader::new(runner.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address =
            line.trim().strip_prefix("live: http://").unwrap_or_else(|| panic!("no address: {line}"));
        let (host, path) = address.split_at(address.find('/').unwrap());
        Live { runner, stderr, host: host.to_owned(), path: path.to_owned() }
    }

    fn ask(&self, host: &str, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        stream
    }

    /// The status, the headers and the body of an answer.
    fn get(&self, host: &str, path: &str) -> (u16, String, String) {
        let mut text = String::new();
        self.ask(host, path).read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    fn events(&self) -> impl Iterator<Item = (String, Value)> {
        let mut kind = String::new();
        let lines = BufReader::new(self.ask(&self.host, &format!("{}events", self.path))).lines();
        lines.map(Result::unwrap).filter_map(move |line| {
            if let Some(name) = line.strip_prefix("event: ") {
                kind = name.to_owned();
            }
            let data = line.strip_prefix("data: ")?;
            Some((kind.clone(), serde_json::from_str(data).unwrap()))
        })
    }

    /// The exit code, once it has ended, and what it said after the address.
    fn end(mut self) -> (Option<i32>, String) {
        let mut told = String::new();
        self.stderr.read_to_string(&mut told).unwrap();
        (self.runner.wait().unwrap().code(), told)
    }
}

#[test]
fn a_run_is_told_from_its_state_to_its_end_to_those_who_know_the_token() {
    let project = Project::tiny();
    let live = Live::start(&project);
    let (host, path) = (live.host.clone(), live.path.clone());
    let port = host.strip_prefix("127.0.0.1:").unwrap().to_owned();
    // One that never reads what it asked for.
    let _deaf = live.ask(&host, &format!("{path}events"));
    let mut events = live.events();
    let (kind, state) = events.next().unwrap();
    assert_eq!((kind.as_str(), &state["graph"]["pipeline"]), ("snapshot", &Value::from("tiny")));
    assert_eq!(state["jobs"].as_object().unwrap().len(), 28);

    for (host, path, refused) in [
        (host.as_str(), "/", 404),
        (&host, "/events", 404),
        (&host, "/00000000000000000000000000000000/", 404),
        (&host, &path.to_uppercase(), 404),
        ("evil.example", &path, 403),
        (&format!("evil.example:{port}"), &path, 403),
    ] {
        let (status, head, body) = live.get(host, path);
        assert_eq!((status, body.as_str()), (refused, ""), "{host} {path}");
        assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
    }
    let (status, head, body) = live.get(&format!("localhost:{port}"), &path);
    assert!(status == 200 && body.contains("<script src=\"page.js\""), "{body}");
    for header in ["cache-control: no-store", "referrer-policy: no-referrer", "frame-ancestors 'none'"] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
    for file in ["page.js", "layout.js", "page.css"] {
        assert_eq!(live.get(&host, &format!("{path}{file}")).0, 200, "{file}");
    }
    // Every address that begins with 127 is this machine's, and only the first is listened at.
    for other in [format!("127.0.0.2:{port}"), format!("[::1]:{port}")] {
        assert!(TcpStream::connect(&other).is_err(), "{other} answers");
    }

    let events: Vec<(String, Value)> = events.collect();
    let all = |kind: &str| -> Vec<&Value> {
        events
            .iter()
            .filter(|(other, _)| other == kind || other == "snapshot")
            .map(|(_, data)| data)
            .collect()
    };
    assert!(!all("states").is_empty() && !all("lines").is_empty());
    let curves =
        all("numbers").into_iter().filter(|told| told["process"].as_str().unwrap().starts_with("train@"));
    let losses: Vec<&Value> = curves.map(|told| &told["values"][0]).collect();
    // Three trainings of 3 epochs and one of 4, each with the untrained network.
    assert_eq!(losses.len(), 17);
    assert!(losses.iter().all(|loss| loss[0] == "training loss" && loss[1].as_f64().unwrap() > 0.0));
    let (kind, end) = events.last().unwrap();
    assert_eq!(
        (kind.as_str(), &end["result"], &end["counts"]["done"]),
        ("ended", &"done".into(), &28.into())
    );
    assert_eq!(live.end().0, Some(0));
    assert!(TcpStream::connect(&host).is_err());
}

#[test]
fn the_page_ends_with_ctrl_c() {
    let project = Project::new(LONG);
    let live = Live::start(&project);
    let mut events = live.events();
    assert!(events.any(|(kind, _)| kind == "numbers"));
    let pid = live.runner.id().to_string();
    let at = Instant::now();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let told: Vec<(String, Value)> = events.collect();
    assert!(told.iter().any(|(kind, _)| kind == "stopping"));
    let (kind, end) = told.last().unwrap();
    assert_eq!((kind.as_str(), &end["result"]), ("ended", &"interrupted".into()));
    let late = live.host.clone();
    let (code, words) = live.end();
    assert!(code == Some(130) && words.contains("stopping"), "{code:?} {words}");
    assert!(at.elapsed() < Duration::from_secs(30) && TcpStream::connect(late).is_err());
}

#[test]
fn a_page_is_refused_where_nothing_runs() {
    let project = Project::tiny();
    project.run(&["--live", "--dry-run"]).failed(2, &["'--live' cannot be used with '--dry-run'"]);
    let told = project.run(&["dataset", "--live", "--json"]).ok();
    assert!(told.contains(r#"{"event":"live","url":"http://127.0.0.1:"#), "{told}");
}
