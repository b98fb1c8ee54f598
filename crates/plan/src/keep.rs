//! Kept streams: a program between a stream's writer and its reader that also writes the stream to a table.

use crate::describe::{Description, Port, STREAM};
use crate::faults::{self, Fault};
use crate::file::{Named, Pipeline, Stage};
use crate::graph::{InputPort, Output, Param, Process, Source};
use crate::running::Running;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The program that keeps a stream.
pub const KEEPER: &str = "keep-stream";
/// The format of a kept table.
pub(crate) const TABLE_FORMAT: &str = "parquet";
/// The keeper's ports: the stream that it reads, its copy, and the table.
const INPUT: &str = "stream";
const COPY: &str = "copy";
const TABLE: &str = "table";

/// All programs that a pipeline needs.
pub fn programs(pipeline: &Pipeline) -> BTreeSet<&str> {
    let stages = pipeline.stages.iter().map(|stage| stage.program.as_str()).filter(|name| !name.is_empty());
    let keeper = pipeline.stages.iter().any(|stage| !stage.keep.is_empty()).then_some(KEEPER);
    stages.chain(keeper).collect()
}

/// The name under which the processes go that keep a stream of a stage.
pub(crate) fn stage_name(stage: &str, port: &str) -> String {
    format!("{stage}.{port}")
}

/// The stage of the file to which a process belongs: names of stages have no dot.
pub(crate) fn origin(stage: &str) -> &str {
    stage.split_once('.').map_or(stage, |(stage, _)| stage)
}

/// Whether a port of another stage can read the table that is kept of a stream.
pub(crate) fn table_fits(stream: &Port, reader: &Port) -> bool {
    reader.format == TABLE_FORMAT && Port { format: reader.format.clone(), ..stream.clone() }.fits(reader)
}

/// The program that keeps streams, as it describes itself.
pub(crate) struct Keeper<'a> {
    description: &'a Description,
    copy: usize,
    table: usize,
}

impl<'a> Keeper<'a> {
    /// The keeper, or a fault at the first stream that is kept if its program is not what it must be.
    pub(crate) fn new(
        description: &'a Description,
        kept: &Named,
        faults: &mut Vec<Fault>,
    ) -> Option<Keeper<'a>> {
        let outputs = &description.outputs;
        let output =
            |name: &str, format: &str| outputs.iter().position(|o| o.name == name && o.format == format);
        let reads = |port: &Port| port.name == INPUT && port.format == STREAM;
        let fine = description.inputs.iter().any(reads)
            && description.inputs.iter().all(|port| port.optional || reads(port))
            && outputs.len() == 2
            && description.params.iter().all(|param| !param.required || param.default.is_some());
        if fine && let (Some(copy), Some(table)) = (output(COPY, STREAM), output(TABLE, TABLE_FORMAT)) {
            return Some(Keeper { description, copy, table });
        }
        faults::add(faults, || {
            let message = format!("the program `{KEEPER}` cannot keep streams");
            let help = format!(
                "it must read `{INPUT}`, write `{COPY}` as {STREAM} and `{TABLE}` as {TABLE_FORMAT}, and need nothing else"
            );
            Fault::new(kept.place.clone(), message).help(help)
        });
        None
    }

    /// The process that keeps one stream of one process; `folder` is the writer's.
    pub(crate) fn process(
        &self,
        stage: &Stage,
        writer: &Process,
        stream: (usize, usize),
        port: &str,
        folder: &str,
    ) -> Process {
        let params = self.description.params.iter().filter_map(|param| {
            let value = param.default.clone()?;
            Some(Param { name: param.name.clone(), kind: param.kind.name(), value })
        });
        let outputs = self.description.outputs.iter().map(|output| Output {
            port: output.name.clone(),
            format: output.format.clone(),
            file: (!output.is_stream()).then(|| format!("{folder}/{port}.{TABLE_FORMAT}")),
            temporary: false,
        });
        let source = Source::Output { process: stream.0, output: stream.1 };
        Process {
            stage: stage_name(&stage.name, port),
            program: KEEPER.to_owned(),
            cell: writer.cell.clone(),
            params: params.collect(),
            inputs: vec![InputPort { port: INPUT.to_owned(), stream: true, sources: vec![source] }],
            outputs: outputs.collect(),
            running: Running::default(),
        }
    }

    /// The number of the output that a reader of the stream gets.
    pub(crate) fn output(&self, reader: &Port) -> usize {
        if reader.is_stream() { self.copy } else { self.table }
    }

    /// Leaves out the copies that nobody reads; `keepers` are the processes that keep a stream.
    pub(crate) fn drop_unread(&self, keepers: &[usize], processes: &mut [Process]) {
        let sources = |processes: &[Process]| -> HashSet<usize> {
            let all = processes.iter().flat_map(|process| &process.inputs).flat_map(|input| &input.sources);
            let copies = all.filter_map(|source| match source {
                Source::Output { process, output } if *output == self.copy => Some(*process),
                _ => None,
            });
            copies.collect()
        };
        let read = sources(processes);
        let unread: HashSet<usize> =
            keepers.iter().copied().filter(|keeper| !read.contains(keeper)).collect();
        for keeper in &unread {
            if let Some(process) = processes.get_mut(*keeper) {
                process.outputs.remove(self.copy);
            }
        }
        let inputs = processes.iter_mut().flat_map(|process| &mut process.inputs);
        for source in inputs.flat_map(|input| &mut input.sources) {
            if let Source::Output { process, output } = source
                && unread.contains(process)
                && *output > self.copy
            {
                *output -= 1;
            }
        }
    }
}

/// The first of the processes that keep a stream, by the number of its stage and of its output.
pub(crate) type Kept = HashMap<(usize, usize), usize>;

#[cfg(test)]
mod tests {
    use crate::graph::Plan;
    use crate::targets;
    use crate::workshop::{jobs, planned, right, says, sources, wrong};

    const CHAIN: &str = "  train: {matrix: {seed: [1, 2]}}\n  dump: {each: train, inputs: {model: train.model}, keep: [energies]}\n";
    const ESTIMATE: &str = "  estimate: {each: train, inputs: {energies: dump.energies}}\n";
    const PLOT: &str = "  plot: {inputs: {tables: dump.energies}}\n";

    fn outputs(plan: &Plan, process: &str) -> Vec<(String, Option<String>, bool)> {
        let process = plan.processes.iter().find(|p| p.name() == process).unwrap();
        process.outputs.iter().map(|o| (o.port.clone(), o.file.clone(), o.temporary)).collect()
    }

    #[test]
    fn a_kept_stream_goes_through_the_keeper() {
        let plan = planned(&format!("{CHAIN}{ESTIMATE}"), &[]);
        assert!(jobs(&plan).contains(&"dump | dump.energies | estimate@seed=2".to_owned()));
        let table = Some("results/p/dump/seed2/energies.parquet".to_owned());
        let right = [("copy".to_owned(), None, false), ("table".to_owned(), table, false)];
        assert_eq!(outputs(&plan, "dump.energies@seed=2"), right);
        assert_eq!(sources(&plan, "dump.energies@seed=2", "stream"), ["dump@seed=2:energies"]);
        assert_eq!(sources(&plan, "estimate@seed=2", "energies"), ["dump.energies@seed=2:copy"]);
        assert!(
            plan.processes
                .iter()
                .any(|process| process.program == super::KEEPER && process.params.is_empty())
        );
    }

    #[test]
    fn a_kept_stream_needs_no_reader() {
        let plan = planned(CHAIN, &[]);
        assert!(jobs(&plan).contains(&"dump | dump.energies@seed=1".to_owned()));
        let table = Some("results/p/dump/seed1/energies.parquet".to_owned());
        assert_eq!(outputs(&plan, "dump.energies@seed=1"), [("table".to_owned(), table, false)]);
    }

    #[test]
    fn the_table_can_be_read_with_and_without_a_reader_of_the_stream() {
        let tables = ["results/p/dump/seed1/energies.parquet", "results/p/dump/seed2/energies.parquet"];
        for stages in [format!("{CHAIN}{PLOT}"), format!("{PLOT}{CHAIN}{ESTIMATE}")] {
            let plan = planned(&stages, &[]);
            assert_eq!(sources(&plan, "plot", "tables"), tables);
            assert_eq!(jobs(&plan).last().unwrap(), "plot");
        }
        // One cell's stream is read, the other's only as a table.
        let one = "  estimate: {inputs: {energies: \"dump.energies[seed=2]\"}}\n";
        let plan = planned(&format!("{CHAIN}{one}{PLOT}"), &[]);
        assert_eq!(sources(&plan, "plot", "tables"), tables);
        assert_eq!(sources(&plan, "estimate", "energies"), ["dump.energies@seed=2:copy"]);
        assert_eq!(
            (outputs(&plan, "dump.energies@seed=1").len(), outputs(&plan, "dump.energies@seed=2").len()),
            (1, 2)
        );
    }

    #[test]
    fn a_stream_that_is_not_kept_has_no_table() {
        let chain = CHAIN.replace(", keep: [energies]", "");
        let text = format!("{chain}{ESTIMATE}{PLOT}");
        says(
            &text,
            &[],
            "dump.energies}}",
            &["`tables` cannot read `dump.energies`", "add keep: [energies] to the stage dump"],
        );
        says(&chain, &[], "dump:", &["is a stream that no stage reads", "keep: [energies]"]);
        let other = format!("{CHAIN}  join: {{inputs: {{data: dump.energies}}}}\n");
        says(
            &other,
            &[],
            "dump.energies}}",
            &["it reads no table as csv, and is given energies version 2 as arrow-stream"],
        );
    }

    #[test]
    fn a_kept_stream_still_has_one_reader() {
        let text = format!(
            "{CHAIN}{ESTIMATE}{}",
            ESTIMATE.replace("estimate:", "other: {program: estimate},").replace("}, {", ", ")
        );
        let said = &wrong(&text, &[])[0];
        assert_eq!(
            (said.line, said.message.as_str()),
            (
                Some(4),
                "`dump.energies` is a stream and can be read once, but estimate@seed=1 and other@seed=1 read it"
            )
        );
    }

    #[test]
    fn ports_that_cannot_be_kept_or_dropped_are_faults() {
        let says = |keys: &str, at: &str, parts: &[&str]| {
            let text = format!("  train: {{}}\n  dump: {{inputs: {{model: train.model}}, {keys}}}\n");
            says(&text, &[], at, parts);
        };
        says("keep: [energy]", "energy]", &["stage `dump` has no output `energy`", "`energies`?"]);
        says(
            "keep: [layers]",
            "layers]",
            &["`layers` is a file, and is kept already", "`keep` is for streams"],
        );
        says("temporary: [layer]", "layer]", &["stage `dump` has no output `layer`", "`layers`?"]);
        says(
            "keep: [energies], temporary: [energies]",
            "energies]}",
            &["nothing of it stays on disk", "`temporary` is for files"],
        );
    }

    #[test]
    fn temporary_files_are_marked_but_never_the_kept_table() {
        let plan = planned(&CHAIN.replace("keep", "temporary: true, keep"), &[]);
        let marked = |process: &str| outputs(&plan, process).iter().map(|o| o.2).collect::<Vec<_>>();
        assert_eq!((marked("dump@seed=1"), marked("dump.energies@seed=1")), (vec![true, false], vec![false]));
        let plan = planned("  train: {temporary: [model]}\n", &[]);
        assert_eq!(outputs(&plan, "train").iter().map(|o| o.2).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn a_kept_stream_is_a_target_and_not_a_stage() {
        let plan = planned(&format!("{CHAIN}{ESTIMATE}"), &[]);
        let named = targets::named(&plan, &["dump.energies@seed=2".to_owned()]).unwrap();
        let names: Vec<String> =
            jobs(&plan).into_iter().zip(named).filter(|(_, named)| *named).map(|(name, _)| name).collect();
        assert_eq!(names, ["dump | dump.energies | estimate@seed=2"]);
        let fault = &wrong(CHAIN, &["dump.energies.level=3"])[0];
        assert_eq!(fault.message, "stage `dump` has no param `energies.level`");
    }

    #[test]
    fn the_programs_of_a_pipeline_include_the_keeper_where_it_is_needed() {
        let pipeline = right(CHAIN, &[]);
        assert_eq!(Vec::from_iter(super::programs(&pipeline)), ["dump", "keep-stream", "train"]);
        assert_eq!(Vec::from_iter(super::programs(&right(PLOT, &[]))), ["plot"]);
    }

    #[test]
    fn a_keeper_that_is_missing_or_wrong_is_a_fault() {
        let mut programs = crate::workshop::programs();
        let pipeline = right(CHAIN, &[]);
        let mut said = |keeper: Option<&str>| {
            programs.remove(super::KEEPER);
            programs
                .extend(keeper.map(|text| (super::KEEPER.to_owned(), crate::describe::read(text).unwrap())));
            let mut faults = Vec::new();
            assert!(crate::planner::plan(&pipeline, &programs, Default::default(), &mut faults).is_none());
            faults[0].message.clone()
        };
        assert_eq!(said(None), "the program `keep-stream`, which keeps streams, is not there");
        assert_eq!(said(Some("{}")), "the program `keep-stream` cannot keep streams");
    }
}
