//! `--describe`: a stage's ports, params and version as JSON, for the runner to check a pipeline against.

use serde_json::{Value, json};

use crate::Declaration;
use crate::port::{Direction, Port};

fn port(port: &Port) -> Value {
    json!({
        "name": port.name,
        "schema": port.table.map(|table| table.name),
        "schema_version": port.table.map(|table| table.version),
        "format": port.format,
        "many": port.many,
        "optional": port.optional,
        "help": port.help,
    })
}

pub(crate) fn describe(stage: &Declaration) -> Value {
    let ports = |direction| {
        let ports = stage.ports.iter().filter(|port| port.direction == direction);
        ports.map(|p| port(p)).collect::<Vec<_>>()
    };
    json!({
        "name": stage.name,
        "version": stage.version,
        "about": stage.about,
        "inputs": ports(Direction::Input),
        "outputs": ports(Direction::Output),
        "params": stage.schema,
    })
}
