//! `over`: the axes that a stage takes out of the cells that it repeats, so that a group of them is one cell.

use crate::cells::Cell;
use crate::faults::{self, Fault, Place};
use crate::file::{Named, Stage};
use crate::matrix::axis_place;
use crate::spot::Spot;
use std::collections::{BTreeSet, HashSet};

const OVER_HELP: &str = "write `over: [AXIS]`, with axes of the stage under `each`";

/// Reads the axes to take out.
pub(crate) fn read(spot: &Spot, faults: &mut Vec<Fault>) -> Vec<Named> {
    if spot.items().is_some_and(|items| items.is_empty()) {
        spot.wrong(faults, "the list of `over` is empty", "name an axis to take out, or leave `over` out");
    }
    spot.names(faults, "`over`", ["axis", "axes"], OVER_HELP)
}

/// The fault of an `over` that stands alone.
pub(crate) fn needs_each(spot: &Spot, faults: &mut Vec<Fault>) {
    faults::add(faults, || {
        let fault = Fault::new(Place::Key(spot.path.clone()), "`over` needs `each` beside it");
        fault.help("add `each: STAGE`, whose cells are put together")
    });
}

/// Checks that the axes to take out are there, and that none comes back as one of the stage's own.
pub(crate) fn check(stage: &Stage, inherited: &BTreeSet<&str>, faults: &mut Vec<Fault>) {
    let Some(each) = &stage.each else { return };
    let mut out = HashSet::new();
    for axis in &stage.over {
        if inherited.contains(axis.name.as_str()) {
            out.insert(axis.name.as_str());
            continue;
        }
        faults::add(faults, || {
            let fault = Fault::new(axis.place.clone(), format!("`{each}` has no axis `{}`", axis.name));
            match inherited.is_empty() {
                true => fault.help("it has one cell: leave `over` out"),
                false => fault.nearest(&axis.name, inherited.iter().copied()),
            }
        });
    }
    for (axis, values) in stage.axes() {
        if let Some(given) = values.first()
            && out.remove(axis.as_str())
        {
            faults::add(faults, || {
                let message = format!("the axis `{axis}` is taken out by `over`, and stands here again");
                let help = format!(
                    "each cell would read only what `{each}` made with its own `{axis}`: keep one of the two"
                );
                Fault::new(axis_place(&given.place), message).help(help)
            });
        }
    }
}

/// The distinct cells without these axes, in the order of their first members. Equal cells are one, in
/// whatever order their axes stand.
pub(crate) fn group(cells: &[Cell], over: &[Named]) -> Vec<Cell> {
    let out: HashSet<&str> = over.iter().map(|axis| axis.name.as_str()).collect();
    let mut seen = HashSet::new();
    let mut groups = Vec::new();
    for cell in cells {
        let left = || cell.axes.iter().filter(|(axis, _)| !out.contains(axis.as_str()));
        let mut identity: Vec<(&String, (bool, String))> =
            left().map(|(axis, value)| (axis, value.identity())).collect();
        identity.sort();
        if seen.insert(identity) {
            groups.push(Cell { axes: left().cloned().collect() });
        }
    }
    groups
}

/// Those of the axes taken out in which cells differ.
pub(crate) fn taken_out<'a>(over: &'a [Named], cells: &[&Cell]) -> Vec<&'a str> {
    let differ = |axis: &&str| {
        let values: HashSet<_> = cells.iter().map(|cell| cell.get(axis).map(|v| v.to_string())).collect();
        values.len() > 1
    };
    over.iter().map(|axis| axis.name.as_str()).filter(differ).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workshop::{cell, jobs, planned, right, says, sources, wrong};

    /// Seeds of two networks, and of one of them with a number of epochs of its own.
    const TRAIN: &str =
        "  train: {matrix: [{network: [a, b], seed: [1, 2]}, {network: [a], epochs: [5], seed: [2, 3]}]}\n";

    fn join(keys: &str) -> String {
        format!("{TRAIN}  join: {{each: train, {keys}, inputs: {{data: train.history}}}}\n")
    }

    /// The names of a stage's cells in the order of the plan.
    fn cells(stages: &str, sets: &[&str], stage: &str) -> Vec<String> {
        let plan = planned(stages, sets);
        plan.processes.iter().filter(|p| p.stage == stage).map(|p| p.cell.name()).collect()
    }

    #[test]
    fn cells_that_differ_in_nothing_else_are_one_at_the_place_of_the_first() {
        assert_eq!(
            cells(&join("over: [seed]"), &[], "join"),
            ["network=a", "network=b", "network=a,epochs=5"]
        );
        assert_eq!(cells(&join("over: [seed, epochs]"), &[], "join"), ["network=a", "network=b"]);
        let over = [Named { name: "s".into(), place: Place::File }];
        let train = [cell("b=2,s=1,a=1"), cell("a=1,b=2,s=2"), cell("s=3"), cell("a=1,b=3,s=1")];
        let names: Vec<String> = group(&train, &over).iter().map(Cell::name).collect();
        assert_eq!(names, ["b=2,a=1", "", "a=1,b=3"]);
    }

    #[test]
    fn a_group_reads_the_cells_that_agree_with_it() {
        let files = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| format!("results/p/train/{name}/history.csv")).collect()
        };
        let plan = planned(&join("over: [seed, epochs]"), &[]);
        assert_eq!(sources(&plan, "join@network=b", "data"), files(&["b-seed1", "b-seed2"]));
        let all = ["a-epochs5-seed2", "a-epochs5-seed3", "a-seed1", "a-seed2"];
        assert_eq!(sources(&plan, "join@network=a", "data"), files(&all));
    }

    #[test]
    fn without_any_axis_left_there_is_one_cell() {
        let plan = planned(&join("over: [seed, network, epochs]"), &[]);
        assert_eq!(jobs(&plan).last().unwrap(), "join");
        assert_eq!(sources(&plan, "join", "data").len(), 6);
    }

    #[test]
    fn who_repeats_a_group_inherits_what_is_left_and_a_matrix_multiplies_it() {
        let text = join("over: [seed, epochs]")
            + "  again: {program: train, each: join, matrix: {seed: [7, 8]}}\n"
            + "  last: {program: join, each: again, over: [network], inputs: {data: [again.history, join.out]}}\n";
        let again = ["network=a,seed=7", "network=a,seed=8", "network=b,seed=7", "network=b,seed=8"];
        assert_eq!(cells(&text, &[], "again"), again);
        assert_eq!(cells(&text, &[], "last"), ["seed=7", "seed=8"]);
        let plan = planned(&text, &[]);
        let read = ["again/a-seed8/history", "again/b-seed8/history", "join/a/out", "join/b/out"];
        let read: Vec<String> = read.iter().map(|file| format!("results/p/{file}.csv")).collect();
        assert_eq!(sources(&plan, "last@seed=8", "data"), read);
        let own = "  train: {matrix: {seed: [1, 2]}}\n  again: {program: train, each: train, over: [seed], matrix: {epochs: [4, 5]}}\n";
        assert_eq!(cells(own, &[], "again"), ["epochs=4", "epochs=5"]);
    }

    #[test]
    fn the_command_line_makes_an_axis_have_one_value_before_it_is_taken_out() {
        let text = join("over: [seed, epochs]");
        assert_eq!(cells(&text, &["train.seed=9"], "join"), ["network=a", "network=b"]);
        let plan = planned(&text, &["train.seed=9", "train.network=c"]);
        assert_eq!(jobs(&plan).last().unwrap(), "join@network=c");
        let read = ["c-epochs5-seed9", "c-seed9"].map(|cell| format!("results/p/train/{cell}/history.csv"));
        assert_eq!(sources(&plan, "join@network=c", "data"), read);
    }

    #[test]
    fn a_list_of_axes_may_be_a_variable() {
        let text =
            format!("name: p\nvariables: {{axes: [seed, epochs]}}\nstages:\n{}", join("over: \"${axes}\""));
        assert_eq!(cells(&text, &[], "join"), ["network=a", "network=b"]);
        assert_eq!(cells(&text, &["axes=[seed, network]"], "join"), ["", "epochs=5"]);
        says(&text, &["axes=[]"], "\"${axes}", &["the list of `over` is empty", "leave `over` out"]);
        says(&text, &["axes=[sed]"], "\"${axes}", &["`train` has no axis `sed`", "did you mean `seed`?"]);
    }

    #[test]
    fn over_is_a_list_of_axes_beside_each() {
        right(&join("over: [seed]"), &[]);
        says(&join("over: seed"), &[], "seed,", &["`over` must be a list of axes", "write `over: [AXIS]`"]);
        says(&join("over: {seed: 1}"), &[], "over", &["`over` must be a list of axes"]);
        says(&join("over: ~"), &[], "~", &["`over` must be a list of axes"]);
        says(&join("over: []"), &[], "over", &["the list of `over` is empty"]);
        says(&join("over: [1]"), &[], "1]", &["an item of `over` must be text"]);
        says(&join("over: [seed, epochs, seed]"), &[], "seed],", &["the axis `seed` stands here twice"]);
        let alone = join("over: [seed]").replace("each: train, ", "");
        says(&alone, &[], "over", &["`over` needs `each` beside it", "add `each: STAGE`"]);
    }

    #[test]
    fn an_axis_that_is_not_there_names_the_nearest() {
        says(&join("over: [sead]"), &[], "sead", &["`train` has no axis `sead`", "did you mean `seed`?"]);
        says(&join("over: [labels]"), &[], "labels", &["there is: epochs, network, seed"]);
        let text = "  train: {}\n  again: {program: train, each: train, over: [seed]}\n";
        says(text, &[], "seed", &["`train` has no axis `seed`", "it has one cell: leave `over` out"]);
        let text = join("over: [seed]") + "  again: {program: train, each: join, over: [seed]}\n";
        says(&text, &[], "seed]}", &["`join` has no axis `seed`", "there is: epochs, network"]);
    }

    #[test]
    fn an_axis_that_is_taken_out_does_not_come_back() {
        let text = "  train: {matrix: {seed: [1, 2]}}\n  again: {program: train, each: train, over: [seed], matrix: {seed: [3]}}\n";
        let parts =
            ["taken out by `over`, and stands here again", "with its own `seed`: keep one of the two"];
        says(text, &[], "seed: [3", &parts);
        assert_eq!(wrong(text, &[]).len(), 1);
    }

    #[test]
    fn what_is_wrong_elsewhere_is_not_told_again_here() {
        let messages = |text: &str| wrong(text, &[]).into_iter().map(|f| f.message).collect::<Vec<_>>();
        assert_eq!(
            messages(&join("over: [seed]").replace("each: train", "each: trian")),
            ["there is no stage `trian`"]
        );
        let text = "  train: {matrix: {seed: 1}}\n  join: {each: train, over: [seed], inputs: {data: train.history}}\n";
        assert_eq!(messages(text), ["the axis `seed` must be a list with a value"]);
    }

    #[test]
    fn a_port_of_one_file_says_what_over_has_to_do_with_it() {
        let dump = |over: &str| {
            format!("{TRAIN}  dump: {{each: train, over: [{over}], inputs: {{model: train.model}}}}\n")
        };
        let parts = [
            "`model` takes one file, and 2 cells of `train` fit",
            "keep what differs, or filter: train.PORT",
        ];
        says(&dump("seed"), &[], "train.model", &["`over` takes out seed, in which they differ"]);
        says(&dump("seed").replace("[a, b]", "[b]").replace("[a]", "[c]"), &[], "train.model", &parts);
        says(
            &dump("seed, network"),
            &[],
            "train.model",
            &["`over` takes out seed, network, in which they differ"],
        );
    }
}
