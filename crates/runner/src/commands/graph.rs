//! `runner graph`: the stages and what passes between them, as Mermaid, DOT or JSON.

use super::answer;
use crate::errors::Error;
use plan::graph::{Plan, Source};
use serde::Serialize;
use std::collections::BTreeMap;

/// The language of the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For Markdown pages and mermaid.live.
    Mermaid,
    /// For Graphviz: `runner graph p.yaml --format dot | dot -Tsvg`.
    Dot,
}

/// Stages or cells, and what passes between them.
#[derive(Serialize)]
pub struct Graph {
    pub(crate) pipeline: String,
    pub(crate) nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// A place in the graph.
#[derive(Serialize)]
pub struct Node {
    pub(crate) name: String,
    /// A stage, a cell of one, or a file beside the pipeline.
    pub(crate) kind: &'static str,
    /// How many cells a stage has.
    cells: usize,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Edge {
    from: usize,
    to: usize,
    /// The ports whose outputs pass along it.
    ports: Vec<String>,
    stream: bool,
}

/// Draws the wanted part of a plan: its stages or, with `cells`, every cell of them.
pub fn print(plan: &Plan, wanted: &[bool], cells: bool, format: Format, json: bool) -> Result<(), Error> {
    let graph = graph(plan, wanted, cells);
    answer(json, &graph, || match format {
        Format::Mermaid => mermaid(&graph),
        Format::Dot => dot(&graph),
    })
}

/// The wanted part of a plan: its stages or, with `cells`, every cell of them.
pub fn graph(plan: &Plan, wanted: &[bool], cells: bool) -> Graph {
    let mut nodes: Vec<Node> = Vec::new();
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut node = |name: String, kind: &'static str| {
        let number = *numbers.entry(name.clone()).or_insert(nodes.len());
        if number == nodes.len() {
            nodes.push(Node { name, kind, cells: 0 });
        }
        nodes[number].cells += 1;
        number
    };
    let mut is_wanted = vec![false; plan.processes.len()];
    for (job, _) in plan.jobs.iter().zip(wanted).filter(|(_, wanted)| **wanted) {
        job.processes.iter().for_each(|process| is_wanted[*process] = true);
    }
    let numbers: Vec<Option<usize>> = plan
        .processes
        .iter()
        .zip(&is_wanted)
        .map(|(process, wanted)| {
            let name = if cells { process.name() } else { process.stage.clone() };
            wanted.then(|| node(name, if cells { "cell" } else { "stage" }))
        })
        .collect();
    let mut edges: BTreeMap<(usize, usize, bool), Vec<String>> = BTreeMap::new();
    for (process, to) in plan.processes.iter().zip(&numbers).filter_map(|(p, to)| Some((p, (*to)?))) {
        for (input, source) in process.inputs.iter().flat_map(|i| i.sources.iter().map(move |s| (i, s))) {
            let (from, port) = match source {
                Source::File(file) => (Some(node(file.clone(), "file")), String::new()),
                Source::Output { process, output } => {
                    (numbers[*process], plan.processes[*process].outputs[*output].port.clone())
                }
            };
            let Some(from) = from else { continue };
            let ports = edges.entry((from, to, input.stream)).or_default();
            if !port.is_empty() && !ports.contains(&port) {
                ports.push(port);
            }
        }
    }
    let edges =
        edges.into_iter().map(|((from, to, stream), ports)| Edge { from, to, ports, stream }).collect();
    Graph { pipeline: plan.name.clone(), nodes, edges }
}

fn label(node: &Node) -> String {
    if node.kind == "stage" && node.cells > 1 {
        format!("{} × {}", node.name, node.cells)
    } else {
        node.name.clone()
    }
}

fn mermaid(graph: &Graph) -> String {
    let mut text = String::from("flowchart TD\n");
    for (number, node) in graph.nodes.iter().enumerate() {
        let (open, close) = if node.kind == "file" { ("[/\"", "\"/]") } else { ("[\"", "\"]") };
        text += &format!("    n{number}{open}{}{close}\n", label(node).replace('"', "#quot;"));
    }
    for edge in &graph.edges {
        let arrow = if edge.stream { "==>" } else { "-->" };
        let ports = edge.ports.join(", ");
        let ports = if ports.is_empty() { ports } else { format!("|{ports}|") };
        text += &format!("    n{} {arrow}{ports} n{}\n", edge.from, edge.to);
    }
    text
}

fn dot(graph: &Graph) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = format!("digraph {} {{\n    node [shape=box];\n", quoted(&graph.pipeline));
    for (number, node) in graph.nodes.iter().enumerate() {
        let shape = if node.kind == "file" { ", shape=note" } else { "" };
        text += &format!("    n{number} [label={}{shape}];\n", quoted(&label(node)));
    }
    for edge in &graph.edges {
        let style = if edge.stream { ", style=bold" } else { "" };
        text += &format!(
            "    n{} -> n{} [label={}{style}];\n",
            edge.from,
            edge.to,
            quoted(&edge.ports.join(", "))
        );
    }
    text + "}\n"
}
