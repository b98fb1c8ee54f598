//! What a column can hold, and how that is written in Arrow.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema};

/// A number inside a tensor or a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 8-bit unsigned.
    U8,
    /// 16-bit unsigned.
    U16,
    /// 32-bit signed.
    I32,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
}

/// The shape of every value of a tensor column, outermost axis first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// The numbers it holds.
    pub element: Element,
    /// Its axes; an empty shape means that the file says which.
    pub shape: Vec<usize>,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One number a row.
    Number(Element),
    /// 64-bit signed, as Hugging Face's class labels are.
    I64,
    /// One of a few words, dictionary-encoded.
    Category,
    /// Any text.
    Text,
    /// An encoded image as `struct<bytes, path>`, the form that Hugging Face tools decode.
    EncodedImage,
    /// The canonical extension type `arrow.fixed_shape_tensor`, row-major. An empty shape: it depends on the
    /// network, is the same in every row of one file, and stands in the file's schema.
    Tensor(Element, &'static [usize]),
    /// A list whose length may differ from row to row.
    List(Element),
    /// A byte for each place of this shape, row-major: written and read as one block, where each number of a tensor takes its time.
    Bytes(&'static [usize]),
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name, in snake_case.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The unit of its numbers; empty for words and for plain identifiers.
    pub unit: &'static str,
    /// What it means, in one sentence.
    pub about: &'static str,
    /// Whether a row may leave it empty.
    pub nullable: bool,
}

/// A table: its name, the version of its schema, and its columns in order.
#[derive(Debug)]
pub struct Table {
    /// The name that ports and files carry.
    pub name: &'static str,
    /// Raised whenever a column is added, removed, or changes its meaning.
    pub version: u32,
    /// What one row is.
    pub about: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
}

impl Element {
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Element::U8 => DataType::UInt8,
            Element::U16 => DataType::UInt16,
            Element::I32 => DataType::Int32,
            Element::F32 => DataType::Float32,
            Element::F64 => DataType::Float64,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Element::U8 => "uint8",
            Element::U16 => "uint16",
            Element::I32 => "int32",
            Element::F32 => "float32",
            Element::F64 => "float64",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Number(element) => write!(f, "{element}"),
            Kind::I64 => f.write_str("int64"),
            Kind::Category => f.write_str("dictionary<int32, utf8>"),
            Kind::Text => f.write_str("utf8"),
            Kind::EncodedImage => f.write_str("struct<bytes: binary, path: utf8>"),
            Kind::Tensor(element, []) => write!(f, "fixed_shape_tensor<{element}>, shape by network"),
            Kind::Tensor(element, shape) => write!(f, "fixed_shape_tensor<{element}>{shape:?}"),
            Kind::List(element) => write!(f, "list<{element}>"),
            Kind::Bytes(shape) => write!(f, "fixed_size_binary, a byte for each of {shape:?}"),
        }
    }
}

const EXTENSION_NAME: &str = "ARROW:extension:name";
const EXTENSION_METADATA: &str = "ARROW:extension:metadata";
const FIXED_SHAPE_TENSOR: &str = "arrow.fixed_shape_tensor";

/// The fields of an encoded image.
pub(crate) fn encoded_image_fields() -> Fields {
    Fields::from(vec![Field::new("bytes", DataType::Binary, true), Field::new("path", DataType::Utf8, true)])
}

impl Column {
    /// The Arrow field, with `shape` for a tensor whose shape depends on the network.
    pub(crate) fn field(&self, shape: Option<&[usize]>) -> Field {
        let mut metadata = HashMap::from([("description".to_owned(), self.about.to_owned())]);
        if !self.unit.is_empty() {
            metadata.insert("unit".to_owned(), self.unit.to_owned());
        }
        let data_type = match self.kind {
            Kind::Number(element) => element.data_type(),
            Kind::I64 => DataType::Int64,
            Kind::Category => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            Kind::Text => DataType::Utf8,
            Kind::EncodedImage => DataType::Struct(encoded_image_fields()),
            Kind::List(element) => {
                DataType::List(Arc::new(Field::new("element", element.data_type(), false)))
            }
            Kind::Bytes(shape) => DataType::FixedSizeBinary(shape.iter().product::<usize>() as i32),
            Kind::Tensor(element, declared) => {
                let shape = shape.unwrap_or(declared);
                metadata.insert(EXTENSION_NAME.to_owned(), FIXED_SHAPE_TENSOR.to_owned());
                metadata
                    .insert(EXTENSION_METADATA.to_owned(), serde_json::json!({ "shape": shape }).to_string());
                let length = shape.iter().product::<usize>() as i32;
                // The name and the nullability that Arrow's C++ gives a tensor's elements: with others, pyarrow does
                // not recognise the extension type.
                let element = Field::new("item", element.data_type(), true);
                DataType::FixedSizeList(Arc::new(element), length)
            }
        };
        Field::new(self.name, data_type, self.nullable).with_metadata(metadata)
    }
}

/// The shape that a tensor field carries in its metadata, if it carries one that fits its length.
pub(crate) fn shape_of(field: &Field) -> Option<Vec<usize>> {
    #[derive(serde::Deserialize)]
    struct Metadata {
        shape: Vec<usize>,
    }
    let DataType::FixedSizeList(_, length) = field.data_type() else { return None };
    if field.metadata().get(EXTENSION_NAME)? != FIXED_SHAPE_TENSOR {
        return None;
    }
    let metadata: Metadata = serde_json::from_str(field.metadata().get(EXTENSION_METADATA)?).ok()?;
    let product = metadata.shape.iter().try_fold(1usize, |product, axis| product.checked_mul(*axis));
    (product == usize::try_from(*length).ok()).then_some(metadata.shape)
}

impl Table {
    /// The Arrow schema. `shapes` gives, by column, the shape of each tensor that the declaration leaves to the
    /// network.
    pub fn schema(&self, shapes: &HashMap<&str, Vec<usize>>) -> Schema {
        let field = |column: &Column| column.field(shapes.get(column.name).map(Vec::as_slice));
        Schema::new(self.columns.iter().map(field).collect::<Vec<_>>())
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
