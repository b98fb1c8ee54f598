//! Large files, each full of one thing that could take time or memory beyond its size.

use crate::inputs::Input;
use plan::yaml::MAX_BYTES;
use std::fmt::Write;

/// All of them by name. Most are in lines, because brackets have a limit of their own.
pub(crate) fn all(size: usize) -> Vec<(&'static str, Input)> {
    let mut all: Vec<(&'static str, Input)> = Vec::new();
    // So many of what there may be in a file of the largest size.
    let n = |count: usize| count * (size >> 10) / (MAX_BYTES >> 10);
    let mut add = |name: &'static str, text: String| {
        assert!(text.len() <= size, "{name} has {} bytes", text.len());
        all.push((name, Input { text, ..Input::default() }));
    };
    // `@` in a piece is its number.
    let filled = |begin: &str, piece: &str, end: &str| {
        full(size, begin, |i, out| out.push_str(&piece.replace('@', &i.to_string())), end)
    };
    // A use of a variable has a bracket, of which a file of the largest size may have few.
    let bracketed = |begin: &str, piece: &str| {
        full(size / 8, begin, |i, out| out.push_str(&piece.replace('@', &i.to_string())), "")
    };
    let stages = |stage: &str| {
        filled("name: p\nstages:\n", &format!("  s@:\n    {}\n", stage.replace('|', "\n    ")), "")
    };
    add("unknown programs", filled("name: p\nstages:\n", "  s@:\n", ""));
    add("unknown stages", stages("each: nowhere"));
    add("stages that are near", stages("each: s@x"));
    add("unknown keys", stages("parms: 1"));
    add("unknown params", stages("program: train|params:|  sed: 1"));
    add("unknown variables", bracketed("name: p\nstages:\n", "  s@:\n    params:\n      a: ${x}\n"));
    add("all outside", stages("program: join|inputs:|  data: ../x"));
    add("no such output", stages("program: join|inputs:|  data: s0.x"));
    let chain = "  s0:\n    program: train\n";
    add(
        "a chain of axes",
        full(
            size,
            &format!("name: p\nstages:\n{chain}"),
            |i, out| {
                write!(
                    out,
                    "  s{}:\n    program: train\n    each: s{i}\n    matrix:\n      a{i}:\n        - 1\n",
                    i + 1
                )
                .unwrap();
            },
            "",
        ),
    );
    add(
        "a chain of cells",
        full(
            size,
            &format!("name: p\nstages:\n{chain}"),
            |i, out| {
                write!(out, "  s{}:\n    program: train\n    each: s{i}\n", i + 1).unwrap();
            },
            "",
        ),
    );
    add(
        "a long way of files",
        full(
            size,
            "name: p\nstages:\n  s0:\n    program: train\n",
            |i, out| {
                let port = if i == 0 { "history" } else { "out" };
                write!(out, "  s{}:\n    program: join\n    inputs:\n      data: s{i}.{port}\n", i + 1)
                    .unwrap();
            },
            "",
        ),
    );
    add(
        "a ring",
        full(
            size,
            "name: p\nstages:\n",
            |i, out| {
                write!(
                    out,
                    "  s{i}:\n    program: join\n    inputs:\n      data: s{}.out\n",
                    (i + 1) % n(15_000)
                )
                .unwrap();
            },
            "",
        ),
    );
    add("all need the first", stages("program: join|inputs:|  data: s0.out"));
    add("each its own ring", stages("program: join|inputs:|  data: s@.out"));
    let train = "name: p\nstages:\n  train:\n    matrix:\n";
    let seeds =
        |n: usize| format!("      seed:\n{}", (0..n).map(|i| format!("        - {i}\n")).collect::<String>());
    add("many axes", filled(train, "      a@:\n        - 1\n", ""));
    add("one long axis", filled(&format!("{train}      seed:\n"), "      - @\n", ""));
    add("one long wrong axis", filled(&format!("{train}      seed:\n"), "      - a/@\n", ""));
    add("many blocks", filled(train, "      - seed:\n        - @\n", ""));
    add("blocks of other axes", filled(train, "      - a@:\n        - 1\n", ""));
    add(
        "exclusions of few cells",
        filled(
            &format!("{train}{}      epochs:\n        - 2\n        - 3\n      exclude:\n", seeds(5)),
            "        - seed: 3\n          epochs: 2\n",
            "",
        ),
    );
    add(
        "wrong exclusions",
        filled(&format!("{train}{}      exclude:\n", seeds(3)), "        - seed: @\n", ""),
    );
    add(
        "exclusions of a long axis",
        filled(&format!("{train}{}      exclude:\n", seeds(n(30_000))), "        - seed: @\n", ""),
    );
    add(
        "exclusions by a long list",
        bracketed(
            &format!(
                "name: p\nvariables:\n  s:\n{}stages:\n  train:\n    matrix:\n      seed: ${{s}}\n      exclude:\n",
                seeds(n(400)).replace("      seed:\n", "")
            ),
            "        - seed: ${s}\n",
        ),
    );
    let over = "  s@:\n    program: train\n    each: train\n    over:\n      - seed\n";
    add("groups of many cells", filled(&format!("{train}{}", seeds(n(40_000))), over, ""));
    add(
        "groups of few cells",
        filled(&format!("{train}{}      epochs:\n        - 1\n        - 2\n", seeds(4)), over, ""),
    );
    add(
        "groups of one cell each",
        format!(
            "{train}{}      epochs:\n        - 1\n  join:\n    each: train\n    over:\n      - epochs\n    inputs:\n      data: train.history\n",
            seeds(n(50_000))
        ),
    );
    add(
        "unknown axes to take out",
        filled(&format!("{train}{}  join:\n    each: train\n    over:\n", seeds(1)), "      - sed@\n", ""),
    );
    let join = "  join:\n    inputs:\n      data:\n";
    let cells = |n: usize| format!("{train}{}{join}", seeds(n));
    add("many inputs of one cell", filled(&cells(1), "      - train.history\n", ""));
    add("many inputs of many cells", filled(&cells(n(40_000)), "      - train.history\n", ""));
    let blocks = |n: usize| (0..n).map(|i| format!("      - a{i}:\n        - 1\n")).collect::<String>();
    add(
        "consumers and producers of other axes",
        format!(
            "name: p\nstages:\n  random:\n    matrix:\n{0}  join:\n    matrix:\n{0}    inputs:\n      data: random.out\n",
            blocks(n(15_000))
        ),
    );
    add(
        "one long text in many cells",
        format!("{train}{}    params:\n      labels: {}\n", seeds(n(30_000)), "x".repeat(n(500_000))),
    );
    add(
        "one long path in many cells",
        format!(
            "name: p\nstages:\n  join:\n    inputs:\n      data: {}\n    matrix:\n{}",
            "x".repeat(n(4_000)),
            seeds(n(50_000))
        ),
    );
    add(
        "a long path",
        format!("name: p\nstages:\n  join:\n    inputs:\n      data: {}\n", "x".repeat(n(900_000))),
    );
    add(
        "long keys",
        filled("name: p\nstages:\n  train:\n    params:\n", &format!("      {}@: 1\n", "k".repeat(240)), ""),
    );
    add(
        "one very long key",
        format!("name: p\nstages:\n  train:\n    params:\n      ? {}\n      : 1\n", "k".repeat(n(1_000_000))),
    );
    add("long wrong names", filled("name: p\nstages:\n", &format!("  {}@:\n", "S".repeat(200)), ""));
    add(
        "aliases of a long text",
        filled(
            &format!("name: p\nvariables:\n  x: &x {}\nstages:\n", "x".repeat(n(100_000))),
            "  s@:\n    each: *x\n",
            "",
        ),
    );
    add(
        "aliases of a stage",
        filled("name: p\nstages:\n  train: &t\n    params:\n      sed: 1\n", "  s@: *t\n", ""),
    );
    add("anchors", filled("name: p\nstages:\n", "  s@: &a@\n", ""));
    add("variables that are not used", filled("name: p\nstages:\n  train:\nvariables:\n", "  v@: 1\n", ""));
    add(
        "variables that are not there",
        bracketed("name: p\nvariables:\n  x1: 1\nstages:\n  train:\n    params:\n", "      p@: ${y@}\n"),
    );
    let text = |variable: String, uses: String| {
        format!(
            "name: p\nvariables:\n  x: {variable}\nstages:\n  train:\n    params:\n      labels: {uses}\n"
        )
    };
    // 800 brackets are as many as so large a file may have.
    add("uses of a long variable", text("x".repeat(n(300_000)), "${x}".repeat(n(800))));
    add(
        "uses of a short variable",
        text("abc".to_owned(), format!("{}{}", "${x}".repeat(n(15_000)), "$".repeat(n(5_000)))),
    );
    add(
        "uses of a list",
        bracketed(
            &format!("name: p\nvariables:\n  x:\n{}stages:\n", seeds(n(3_000)).replace("      seed:\n", "")),
            "  s@:\n    program: train\n    matrix:\n      seed: ${x}\n",
        ),
    );
    add("dollars", text("1".to_owned(), format!("${{x}}{}", "$".repeat(n(1_000_000)))));
    add("brackets", "[".repeat(size));
    for (name, unit, count) in [
        ("depth of lists in brackets", "[", 30_000),
        ("depth of maps in brackets", "{a: ", 16_000),
        ("depth of keys", "{? ", 16_000),
        ("depth of lines", "- ", 500_000),
        ("depth of questions", "? ", 500_000),
        ("colons", ":", 1_000_000),
        ("colons and spaces", ": ", 500_000),
        ("ampersands", "&a ", 300_000),
        ("exclamation marks", "!", 1_000_000),
        ("percent signs", "%a b\n", 200_000),
        ("quotes", "'", 1_000_000),
        ("double quotes", "\"", 1_000_000),
        ("documents", "---\n", 250_000),
        ("tabs", "\t", 1_000_000),
        ("bars", "|\n", 500_000),
    ] {
        add(name, unit.repeat(n(count)));
    }
    add("open maps and many words", format!("{}[{}", "{a: ".repeat(n(1_000)), "b,".repeat(n(500_000))));
    add("many lines", format!("{}name: P\n", "\n".repeat(n(1_000_000))));
    add("comments", format!("{}name: P\n", "#\n".repeat(n(500_000))));
    add("returns", format!("{}name: P\n", "\r".repeat(n(1_000_000))));
    add("a long quoted text", format!("name: \"{}\"\n", "\\n".repeat(n(500_000))));
    add("a folded text", format!("name: >\n{}", "  a\n\n".repeat(n(200_000))));
    add(
        "one line of faults",
        format!(
            "name: p\nstages: {{train: {{params: {{{}}}}}}}\n",
            (0..n(100_000)).map(|i| format!("p{i}: 1")).collect::<Vec<_>>().join(",")
        ),
    );
    add("the same key", filled("name: p\nstages:\n", "  a:\n", ""));
    add("commas", format!("[{}]", "a,".repeat(n(500_000))));
    add("empty commas", format!("[{}]", ",".repeat(n(1_000_000))));
    add("stars", format!("a: &a b\nc: [{}]", "*a,".repeat(n(300_000))));
    let dump = "program: dump|inputs:|  model: x.bin";
    add("kept streams", stages(&format!("{dump}|keep:|- energies")));
    add("streams that nobody reads", stages(dump));
    add(
        "wrong ports to keep",
        filled("name: p\nstages:\n  dump:\n    inputs:\n      model: x.bin\n    keep:\n", "    - p@\n", ""),
    );
    add("wrong temporary ports", filled("name: p\nstages:\n  train:\n    temporary:\n", "    - p@\n", ""));
    all.push(("filters of many cells", filters("seed", n(40_000), n(2_000))));
    all.push(("filters that fit nothing", filters("sed", n(40_000), n(2_000))));
    all
}

/// Many filters, each on many cells.
fn filters(axis: &str, cells: usize, filters: usize) -> Input {
    let seeds: String = (0..cells).map(|i| format!("- {i}\n")).collect();
    let reads: String = (0..filters).map(|i| format!("      - \"train.history[{axis}={i}]\"\n")).collect();
    let text = format!(
        "name: p\nvariables:\n  s:\n  {}stages:\n  train:\n    matrix:\n      seed: ${{s}}\n  join:\n    inputs:\n      data:\n{reads}",
        seeds.replace('\n', "\n  ").trim_end_matches(' ')
    );
    Input { text, ..Input::default() }
}

/// A text that is filled with numbered pieces up to the largest size.
fn full(size: usize, begin: &str, piece: impl Fn(usize, &mut String), end: &str) -> String {
    let mut text = begin.to_owned();
    for i in 0.. {
        let before = text.len();
        piece(i, &mut text);
        if text.len() + end.len() > size {
            text.truncate(before);
            break;
        }
    }
    text + end
}
