//! Random pipelines: bytes of known ones changed, and ones that a grammar makes.

use crate::random::Random;

/// A text and the texts of `--set` and of targets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    pub(crate) text: String,
    pub(crate) sets: Vec<String>,
    pub(crate) targets: Vec<String>,
}

/// The repository's pipelines, and some that are small and nasty.
const CORPUS: [&str; 21] = [
    include_str!("../../../../pipeline.yaml"),
    include_str!("../../../../tiny.yaml"),
    "",
    "\u{feff}name: p\nstages: {train: {}}\n",
    "name: p\nstages:\n  train: &t {matrix: {seed: [1, 2]}}\n  again: *t\n",
    "name: p\nstages:\n  train: {params: {labels: ${x}}}\nvariables: {x: &x [1, *x]}\n",
    "a: &a [*a]\n",
    "name: &n p\n*n : q\nstages: {? [a, b] : c}\n",
    "name: p\nstages: {train: {matrix: [{seed: [1]}, {seed: [1.0], exclude: [{seed: 1e0}]}]}}\n",
    "name: p\nstages:\n  train: {matrix: {seed: [1, 2]}, temporary: true, retries: 3, timeout: 1.5h, memory: 2GiB}\n  dump: {each: train, inputs: {model: train.model}, keep: [energies]}\n  plot: {inputs: {tables: dump.energies}}\n  estimate: {each: train, inputs: {energies: dump.energies}}\n",
    "name: p\nvariables: {s: [1, 2, 3], w: a, n: 3}\nstages:\n  train: {matrix: {seed: \"${s}\", network: [\"${w}\", b], exclude: [{seed: \"${s}\", network: b}], include: [{seed: 9, labels: \"x${n}$${n}\"}]}}\n  join: {inputs: {data: [train.history, \"${w}.csv\"]}}\n",
    "name: p\nvariables: {o: [seed, epochs]}\nstages:\n  train: {matrix: [{seed: [1, 2], network: [a, b]}, {network: [a], epochs: [5], seed: [3]}]}\n  join: {each: train, over: \"${o}\", inputs: {data: train.history}}\n  a: {program: train, each: join, matrix: {seed: [7]}}\n  b: {program: join, each: a, over: [network, seed], inputs: {data: [a.history, join.out]}}\n",
    "name: p\nstages: {a: {program: join, inputs: {data: b.out}}, b: {program: join, inputs: {data: a.out}}, c: {program: join, inputs: {data: c.out}}}\n",
    "name: p\nstages: {a: {each: b}, b: {each: a}, train: {each: train}}\n",
    "name: p\nstages:\n  train: !tag {a: b}\n  b: !!binary abcd\n  c: !!str 1\n",
    "%YAML 1.2\n---\nname: p\n...\n---\nname: q\n",
    "name: \"\\u0001\\x85\\u2028\\r\\n\"\nstages:\r  train:\r    parms: 1\r",
    "name: p\nstages:\n  train: {<<: {seed: 1}, params: {seed: 0o17, epochs: 0x1F, rate: .inf}}\n",
    "name: p\nstages:\n  train: {params: {seed: 123456789012345678901234567890123456789012, rate: 1e999, labels: .nan}}\n",
    "name: p\nstages:\n  train: |\n    text\n  b: >-\n    text\n\n    text\n",
    "{name: p, stages: {train: {inputs: {x: [/etc/passwd, ../x, results/y, .priorscope/z, \"a\\0b\", \"train.model[seed=1\"]}}}}\n",
];

/// What is put between other bytes.
const TOKENS: [&str; 39] = [
    "${",
    "}",
    "$${x}",
    "${x}",
    "&a ",
    "*a",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    ", ",
    "\n",
    "\n  ",
    "\n    ",
    "'",
    "\"",
    "#",
    "? ",
    "!x ",
    "<<: ",
    "|\n",
    "matrix",
    "exclude",
    "include",
    "keep",
    "temporary",
    "each",
    "over",
    "params",
    "inputs",
    "variables",
    "~",
    "1e3",
    "0",
    "-1",
    ".",
    "\u{2028}",
    "é",
];

/// The input of a number; the same one every time.
pub(crate) fn input(number: u64) -> Input {
    let mut random = Random::new(number);
    let mut input = Input::default();
    if random.one_in(3) {
        input.text = mutated(&mut random);
    } else {
        let tidy = random.one_in(2);
        input.text = Grammar { random: &mut random, anchors: 0, tidy, stages: Vec::new() }.file();
    }
    let names = ["train", "dump", "join", "plot", "a", "b", "dump.energies", "x"];
    for _ in 0..random.below(3) * random.below(2) {
        let key = random.pick(&[
            "train.seed",
            "train.epochs",
            "dump.x",
            "a.seed",
            "s",
            "w",
            "n",
            "x",
            "a.b.c",
            "",
            ".",
        ]);
        let value = random.pick(&["1", "[1, 2]", "x", "", "${n}", "{a: b}", "*a", "=", "'", "1.5", "true"]);
        let equals = if random.one_in(9) { "" } else { "=" };
        input.sets.push(format!("{key}{equals}{value}"));
    }
    for _ in 0..random.below(3) * random.below(2) {
        let filter = random.pick(&["", "", "@seed=1", "@seed=1,network=a", "@", "@=", "@seed"]);
        input.targets.push(format!("{}{filter}", random.pick(&names)));
    }
    input
}

fn mutated(random: &mut Random) -> String {
    let mut bytes = random.pick(&CORPUS).as_bytes().to_vec();
    for _ in 0..1 + random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(20)).min(bytes.len());
        match random.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, piece.repeat(1 + random.below(3)));
            }
            3 => {
                let other = random.pick(&CORPUS).as_bytes();
                let from = random.below(other.len() + 1);
                let until = (from + random.below(120)).min(other.len());
                bytes.splice(at..end, other[from..until].iter().copied());
            }
            4 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            _ => drop(bytes.splice(at..at, random.pick(&TOKENS).bytes())),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A document before it is written.
enum Tree {
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
    /// With an anchor of this number.
    Anchor(usize, Box<Tree>),
}

struct Grammar<'a> {
    random: &'a mut Random,
    anchors: usize,
    /// Whether to make what is mostly right.
    tidy: bool,
    stages: Vec<&'static str>,
}

const STAGES: [&str; 8] = ["train", "dump", "estimate", "plot", "join", "a", "b", "Wrong"];
const PROGRAMS: [&str; 9] =
    ["train", "dump", "estimate", "plot", "join", "random", "other", "unknown", "/bin/sh"];
const AXES: [&str; 6] = ["seed", "network", "epochs", "labels", "rate", "sed"];
const VALUES: [&str; 24] = [
    "1",
    "2",
    "3",
    "1.0",
    "-1",
    "0.5",
    "a",
    "b",
    "c",
    "real",
    "true",
    "null",
    "\"1\"",
    "'x y'",
    "a/b",
    "1e400",
    "\"${n}\"",
    "\"${w}\"",
    "\"${s}\"",
    "\"x${w}-${n}\"",
    "\"$${n}\"",
    "\"${n\"",
    "99999999999999999999999",
    "é",
];

fn text(text: &str) -> Tree {
    Tree::Text(text.to_owned())
}

impl Grammar<'_> {
    /// Something wrong, once in `n` times, and not where it is tidy.
    fn wrong(&mut self, n: usize) -> bool {
        !self.tidy && self.random.one_in(n)
    }

    fn file(&mut self) -> String {
        let name = if self.wrong(8) { self.random.pick(&["P", "\"x${n}\"", "1"]) } else { "p" };
        let mut entries = vec![("name".to_owned(), text(name))];
        let mut variables = Vec::new();
        if self.random.one_in(2) {
            for (name, value) in [("n", "3"), ("w", "a"), ("s", "[1, 2]")] {
                if !self.wrong(5) {
                    variables.push((name.to_owned(), text(value)));
                }
            }
        }
        for name in STAGES {
            let often =
                if name == "Wrong" { self.wrong(30) } else { name == "train" || self.random.one_in(2) };
            if often && !(self.wrong(9)) {
                self.stages.push(name);
            }
        }
        let mut stages = Vec::new();
        for name in self.stages.clone() {
            let stage = self.stage(name);
            stages.push((name.to_owned(), self.sometimes_wild(stage)));
        }
        let stages = self.sometimes_wild(Tree::Map(stages));
        let mut rest = String::new();
        write(&Tree::Map(vec![("stages".to_owned(), stages)]), 0, self.random, &mut rest);
        if self.tidy {
            variables.retain(|(name, _)| rest.contains(&format!("${{{name}}}")));
        }
        if !variables.is_empty() {
            entries.push(("variables".to_owned(), self.sometimes_wild(Tree::Map(variables))));
        } else if self.tidy {
            rest = rest.replace("\"${n}\"", "4").replace("\"${w}\"", "b").replace("\"${s}\"", "[3]");
        }
        if self.wrong(40) {
            entries.push((self.random.pick(&["stage", "x", "name", ""]).to_owned(), self.wild(3)));
        }
        let mut out = String::new();
        write(&Tree::Map(entries), 0, self.random, &mut out);
        if self.random.one_in(2) { format!("{rest}\n{out}\n") } else { format!("{out}\n{rest}\n") }
    }

    fn stage(&mut self, name: &'static str) -> Tree {
        let mut entries: Vec<(String, Tree)> = Vec::new();
        let mut program = name;
        if name.len() == 1 || self.wrong(10) {
            program =
                if self.tidy { self.random.pick(&["train", "join"]) } else { self.random.pick(&PROGRAMS) };
            entries.push(("program".to_owned(), text(program)));
        }
        if self.wrong(3) || (program != "train" && !self.random.one_in(5)) {
            let each = if self.wrong(4) { self.random.pick(&["dump", "a", "trian"]) } else { "train" };
            entries.push(("each".to_owned(), text(each)));
            if self.random.one_in(if program == "join" { 2 } else { 8 }) {
                let over = self.over();
                entries.push(("over".to_owned(), self.sometimes_wild(over)));
                if self.wrong(3) {
                    let matrix = self.matrix();
                    entries.push(("matrix".to_owned(), self.sometimes_wild(matrix)));
                }
            }
        } else if self.wrong(3) || program == "train" && !self.random.one_in(4) {
            let matrix = self.matrix();
            entries.push(("matrix".to_owned(), self.sometimes_wild(matrix)));
        }
        let ports: &[&str] = match program {
            "dump" => &["model"],
            "estimate" => &["energies"],
            "plot" => &["tables"],
            "join" => &["data"],
            "random" | "other" => &["x", "data", "energies"],
            _ => &[],
        };
        let mut inputs = Vec::new();
        for port in ports {
            if !self.wrong(8) {
                let sources = self.sources(port);
                inputs.push(((*port).to_owned(), self.sometimes_wild(sources)));
            }
        }
        entries.push(("inputs".to_owned(), Tree::Map(inputs)));
        if self.wrong(3) {
            let params = (0..self.random.below(3)).map(|_| {
                let name = self.random.pick(&["seed", "epochs", "labels", "fast", "rate", "sed", "exclude"]);
                (name.to_owned(), text(self.random.pick(&VALUES)))
            });
            let params = Tree::Map(params.collect());
            entries.push(("params".to_owned(), self.sometimes_wild(params)));
        } else if program == "train" && self.random.one_in(2) {
            entries.push(("params".to_owned(), text(self.random.pick(&["{fast: true}", "{fast: false}"]))));
        }
        self.running(program, &mut entries);
        if self.wrong(50) {
            entries.push((self.random.pick(&["parms", "matrix", "", "${n}"]).to_owned(), self.wild(2)));
        }
        Tree::Map(entries)
    }

    /// Keys that say how a stage is run, the first value of each being right.
    fn running(&mut self, program: &str, entries: &mut Vec<(String, Tree)>) {
        let has_reader = self.stages.contains(&"estimate");
        let temporary = match program {
            "train" => "[model]",
            "estimate" => "[out]",
            _ => "true",
        };
        let some: [(&str, &[&str]); 6] = [
            ("threads", &["2", "0", "x", "\"${n}\""]),
            ("memory", &["2G", "512MiB", "1000", "2X", "-1", "\"${n}G\""]),
            ("timeout", &["30m", "1.5", "0", "5ms", "\"${n}s\"", "1e400d"]),
            ("retries", &["2", "0", "101", "1.5"]),
            (
                "temporary",
                &[
                    temporary,
                    "[model]",
                    "[history, layers]",
                    "[energies]",
                    "[modle]",
                    "\"${s}\"",
                    "[out, out]",
                ],
            ),
            ("keep", &["[energies]", "[energies]", "[layers]", "[energy]", "true", "\"${w}\""]),
        ];
        for (key, values) in some {
            let wanted = match key {
                "keep" => program == "dump" && (!has_reader || self.random.one_in(2)) || self.wrong(20),
                _ => self.random.one_in(8),
            };
            if wanted {
                let value = if self.wrong(3) { self.random.pick(values) } else { values[0] };
                entries.push((key.to_owned(), text(value)));
            }
        }
    }

    fn sources(&mut self, port: &str) -> Tree {
        let right: &[&str] = match port {
            "model" => &["train.model"],
            "energies" | "tables" => &["dump.energies"],
            _ => &["train.history", "estimate.out", "x.csv", "x.csv"],
        };
        let wrong: &[&str] = match port {
            "model" => &["a.model", "train.modle", "\"train.model[seed=1]\""],
            "energies" | "tables" => &["\"dump.energies[seed=1,network=a]\"", "dump.layers"],
            _ => &["join.out", "a.out", "b.out", "../x.csv", "\"${w}.csv\"", "\"${s}\"", "dump.layers"],
        };
        let count = if port == "data" { 1 + self.random.below(2) } else { 1 };
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(text(if self.wrong(3) { self.random.pick(wrong) } else { self.random.pick(right) }));
        }
        if list.len() == 1 && self.random.one_in(2) { list.remove(0) } else { Tree::List(list) }
    }

    /// Axes to take out; what is repeated mostly has seeds.
    fn over(&mut self) -> Tree {
        if self.wrong(9) {
            return text(self.random.pick(&["[]", "seed", "\"${s}\"", "\"${w}\"", "[1]"]));
        }
        let mut axes = vec![text("seed")];
        if self.wrong(3) || self.random.one_in(4) {
            axes.push(text(self.random.pick(&AXES)));
        }
        Tree::List(axes)
    }

    fn matrix(&mut self) -> Tree {
        if self.random.one_in(3) {
            return Tree::List((0..1 + self.random.below(3)).map(|_| self.block()).collect());
        }
        self.block()
    }

    fn block(&mut self) -> Tree {
        let mut entries = Vec::new();
        for axis in AXES {
            if if axis == "sed" { self.wrong(30) } else { axis == "seed" || self.random.one_in(3) } {
                let values = (0..1 + self.random.below(3)).map(|_| self.value(axis)).collect();
                entries.push((axis.to_owned(), self.sometimes_wild(Tree::List(values))));
            }
        }
        for key in ["exclude", "include"] {
            if self.random.one_in(if key == "include" || !self.tidy { 4 } else { 12 }) {
                let cells = (0..1 + self.random.below(2)).map(|_| self.some_cells()).collect();
                entries.push((key.to_owned(), self.sometimes_wild(Tree::List(cells))));
            }
        }
        Tree::Map(entries)
    }

    fn some_cells(&mut self) -> Tree {
        let axes = (0..1 + self.random.below(2)).map(|_| {
            let axis = self.random.pick(&AXES);
            let value = self.value(axis);
            let many = self.random.one_in(3);
            (axis.to_owned(), if many { Tree::List(vec![value, self.value(axis)]) } else { value })
        });
        Tree::Map(axes.collect())
    }

    fn value(&mut self, axis: &str) -> Tree {
        if self.wrong(12) {
            return text(self.random.pick(&VALUES));
        }
        text(match axis {
            "network" => self.random.pick(&["a", "b", "c"]),
            "labels" => self.random.pick(&["real", "seed1", "x-y", "x", "y"]),
            "rate" => self.random.pick(&["0.5", "1", "1.0"]),
            _ => self.random.pick(&["1", "2", "3", "1.0", "\"${n}\""]),
        })
    }

    /// The tree, or once in a while another one in its place; with an anchor, or as an alias of one.
    fn sometimes_wild(&mut self, tree: Tree) -> Tree {
        let kind = if self.tidy { 3 } else { self.random.below(60) };
        match kind {
            0 => self.wild(3),
            1 => {
                self.anchors += 1;
                Tree::Anchor(self.anchors, Box::new(tree))
            }
            2 if self.anchors > 0 => Tree::Text(format!("*a{}", 1 + self.random.below(self.anchors))),
            _ => tree,
        }
    }

    fn wild(&mut self, depth: usize) -> Tree {
        match self.random.below(if depth == 0 { 1 } else { 3 }) {
            0 => text(self.random.pick(&VALUES)),
            1 => Tree::List((0..self.random.below(4)).map(|_| self.wild(depth - 1)).collect()),
            _ => {
                let keys = ["seed", "x", "exclude", "include", "stages", "a", "\"${n}\"", "0", "~"];
                let entries = (0..self.random.below(4))
                    .map(|_| (self.random.pick(&keys).to_owned(), self.wild(depth - 1)));
                Tree::Map(entries.collect())
            }
        }
    }
}

/// Writes a tree in lines or in brackets.
fn write(tree: &Tree, indent: usize, random: &mut Random, out: &mut String) {
    let lines = indent == 0 || indent < 8 && !random.one_in(3);
    let margin = " ".repeat(indent);
    match tree {
        Tree::Text(text) => *out += text,
        Tree::Anchor(number, tree) => {
            *out += &format!("&a{number} ");
            flow(tree, out);
        }
        Tree::Map(entries) if lines && !entries.is_empty() => {
            for (key, value) in entries {
                let block = matches!(value, Tree::Map(entries) if !entries.is_empty());
                *out += &format!("{}{margin}{key}: ", if out.is_empty() { "" } else { "\n" });
                if block { write(value, indent + 2, random, out) } else { flow(value, out) }
            }
        }
        tree => flow(tree, out),
    }
}

fn flow(tree: &Tree, out: &mut String) {
    match tree {
        Tree::Text(text) => *out += text,
        Tree::Anchor(number, tree) => {
            *out += &format!("&a{number} ");
            flow(tree, out);
        }
        Tree::List(items) => {
            *out += "[";
            for (i, item) in items.iter().enumerate() {
                *out += if i > 0 { ", " } else { "" };
                flow(item, out);
            }
            *out += "]";
        }
        Tree::Map(entries) => {
            *out += "{";
            for (i, (key, value)) in entries.iter().enumerate() {
                *out += &format!("{}{key}: ", if i > 0 { ", " } else { "" });
                flow(value, out);
            }
            *out += "}";
        }
    }
}
