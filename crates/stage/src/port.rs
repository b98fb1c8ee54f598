//! The places where a stage is joined to others.

use tables::Table;

/// Whether a port is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The stage reads it.
    Input,
    /// The stage writes it.
    Output,
}

/// The form in which a port's contents stand in a file or pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC stream: in a pipeline a pipe, `-` for standard input or output.
    ArrowStream,
    /// A YAML document.
    Yaml,
    /// A web page.
    Html,
    /// A picture.
    Svg,
}

/// A place where a stage reads or writes one thing.
#[derive(Debug)]
pub struct Port {
    /// Its name in snake_case; the flag is the same in kebab-case.
    pub name: &'static str,
    /// Whether it is read or written.
    pub direction: Direction,
    /// The table that passes through it; none for what is no table, and for tables of any schema.
    pub table: Option<&'static Table>,
    /// The form of its contents.
    pub format: Format,
    /// Whether it takes several files.
    pub many: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is, in a few words.
    pub help: &'static str,
}

impl Port {
    /// A table that is read from a Parquet file.
    pub const fn input(name: &'static str, table: &'static Table, help: &'static str) -> Port {
        Port {
            name,
            direction: Direction::Input,
            table: Some(table),
            format: Format::Parquet,
            many: false,
            optional: false,
            help,
        }
    }

    /// A table that is written to a Parquet file.
    pub const fn output(name: &'static str, table: &'static Table, help: &'static str) -> Port {
        Port { direction: Direction::Output, ..Port::input(name, table, help) }
    }

    /// Something that is no table.
    pub const fn document(name: &'static str, format: Format, help: &'static str) -> Port {
        Port { name, direction: Direction::Output, table: None, format, many: false, optional: false, help }
    }

    /// A table of any schema.
    pub const fn any_table(
        name: &'static str,
        direction: Direction,
        format: Format,
        help: &'static str,
    ) -> Port {
        Port { direction, ..Port::document(name, format, help) }
    }

    /// A table that is read from an Arrow IPC stream.
    pub const fn input_stream(name: &'static str, table: &'static Table, help: &'static str) -> Port {
        Port { format: Format::ArrowStream, ..Port::input(name, table, help) }
    }

    /// A table that is written to an Arrow IPC stream.
    pub const fn output_stream(name: &'static str, table: &'static Table, help: &'static str) -> Port {
        Port { format: Format::ArrowStream, ..Port::output(name, table, help) }
    }

    /// The same port for one or more files.
    pub const fn many(self) -> Port {
        Port { many: true, ..self }
    }

    /// The same port, which may be left out.
    pub const fn optional(self) -> Port {
        Port { optional: true, ..self }
    }
}
