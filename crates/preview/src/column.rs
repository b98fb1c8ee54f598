//! One column: its type in the words of the field, its shape, its unit, and what is gathered from its values.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, GenericListArray, OffsetSizeTrait};
use arrow_cast::cast;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, Field};
use serde::Serialize;

use crate::statistics::{Gatherer, Statistics};

/// How many first values are kept.
pub const FIRST_VALUES: usize = 3;
/// How many numbers of a list or tensor are written.
const FIRST_ITEMS: usize = 8;
/// The longest text of a first value, in characters.
const LONGEST_VALUE: usize = 40;

/// A column, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, such as `float64` or `category`; of tensors and lists that of their numbers.
    #[serde(rename = "type")]
    pub kind: String,
    /// The shapes of a tensor's values, outermost axis first, or how many bytes a value has: one, unless the files differ.
    pub shapes: Vec<Vec<usize>>,
    /// The shortest and the longest list.
    pub lengths: Option<(usize, usize)>,
    /// The unit of its numbers, where the file says it.
    pub unit: Option<String>,
    /// What it means, where the file says it.
    pub about: Option<String>,
    /// Rows without a value.
    pub empty: usize,
    /// Of its values; of tensors and lists, of all their numbers.
    pub statistics: Statistics,
    /// The first values, shortened.
    pub first: Vec<String>,
}

/// A column while its values come in.
pub(crate) struct Gathered {
    column: Column,
    gatherer: Gatherer,
}

impl Gathered {
    pub(crate) fn new(field: &Field) -> Gathered {
        let said = |key: &str| field.metadata().get(key).filter(|text| !text.is_empty()).cloned();
        let column = Column {
            name: field.name().clone(),
            kind: type_name(field),
            shapes: shape(field).into_iter().collect(),
            lengths: None,
            unit: said("unit"),
            about: said("description"),
            empty: 0,
            statistics: Statistics::None,
            first: Vec::new(),
        };
        Gathered { column, gatherer: Gatherer::of(field.data_type()) }
    }

    /// Another file, whose tensors may have another shape.
    pub(crate) fn add_file(&mut self, field: &Field) {
        self.column.shapes.extend(shape(field).filter(|shape| !self.column.shapes.contains(shape)));
    }

    pub(crate) fn add(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        self.column.empty += array.null_count();
        let missing = FIRST_VALUES.saturating_sub(self.column.first.len()).min(array.len());
        for row in 0..missing {
            self.column.first.push(first_value(array, row)?);
        }
        if let Some((shortest, longest)) = lengths(array) {
            let (least, most) = self.column.lengths.unwrap_or((shortest, longest));
            self.column.lengths = Some((least.min(shortest), most.max(longest)));
        }
        self.gatherer.add(array)
    }

    pub(crate) fn finish(self) -> Column {
        Column { statistics: self.gatherer.finish(), ..self.column }
    }
}

/// The type in the words of the field, without Arrow's ways to store it.
pub(crate) fn type_name(field: &Field) -> String {
    of_type(field.data_type())
}

fn of_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Dictionary(_, _) => "category".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Boolean => "true or false".to_owned(),
        DataType::Timestamp(_, _) => "time".to_owned(),
        DataType::FixedSizeBinary(_) => "bytes".to_owned(),
        DataType::FixedSizeList(inner, _) | DataType::List(inner) | DataType::LargeList(inner) => {
            of_type(inner.data_type())
        }
        DataType::Struct(fields) if fields.iter().any(|field| field.name() == "bytes") => "image".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

/// The shape that the extension type `arrow.fixed_shape_tensor` declares, or the length of lists or bytes of one length.
fn shape(field: &Field) -> Option<Vec<usize>> {
    let declared = field.metadata().get("ARROW:extension:metadata").and_then(|text| {
        let declared: serde_json::Value = serde_json::from_str(text).ok()?;
        let axes = declared.get("shape")?.as_array()?;
        axes.iter().map(|axis| axis.as_u64().and_then(|axis| usize::try_from(axis).ok())).collect()
    });
    match (declared, field.data_type()) {
        (Some(shape), _) => Some(shape),
        (None, DataType::FixedSizeList(_, length) | DataType::FixedSizeBinary(length)) => {
            usize::try_from(*length).ok().map(|length| vec![length])
        }
        _ => None,
    }
}

/// The shortest and the longest list of a batch.
fn lengths(array: &ArrayRef) -> Option<(usize, usize)> {
    fn of<O: OffsetSizeTrait>(lists: &GenericListArray<O>) -> Option<(usize, usize)> {
        let lengths = || (0..lists.len()).map(|row| lists.value_length(row).as_usize());
        Some((lengths().min()?, lengths().max()?))
    }
    match array.data_type() {
        DataType::List(_) => of(array.as_list::<i32>()),
        DataType::LargeList(_) => of(array.as_list::<i64>()),
        _ => None,
    }
}

/// All that stands in the lists or tensors of a batch; none where it holds neither.
pub(crate) fn items(array: &ArrayRef) -> Option<ArrayRef> {
    fn of<O: OffsetSizeTrait>(lists: &GenericListArray<O>) -> ArrayRef {
        let offsets = lists.value_offsets();
        let (start, end) = (offsets[0].as_usize(), offsets[lists.len()].as_usize());
        lists.values().slice(start, end - start)
    }
    match array.data_type() {
        DataType::FixedSizeList(_, _) => Some(array.as_fixed_size_list().values().clone()),
        DataType::List(_) => Some(of(array.as_list::<i32>())),
        DataType::LargeList(_) => Some(of(array.as_list::<i64>())),
        _ => None,
    }
}

/// A value as text: the beginning of a long one, the size of an image.
fn first_value(array: &ArrayRef, row: usize) -> Result<String, ArrowError> {
    if array.is_null(row) {
        return Ok("none".to_owned());
    }
    if let Some(bytes) = image_bytes(array) {
        return Ok(format!("{} bytes", bytes.value_length(row)));
    }
    let one = array.slice(row, 1);
    // Only the first numbers of a list or tensor are written, of thousands.
    let few: ArrayRef = items(&one).map_or(one, |items| items.slice(0, items.len().min(FIRST_ITEMS)));
    let texts: Vec<String> = if few.data_type().is_floating() {
        let numbers = cast(&few, &DataType::Float64)?;
        numbers
            .as_primitive::<Float64Type>()
            .iter()
            .map(|value| value.map_or("none".to_owned(), number))
            .collect()
    } else {
        let options = FormatOptions::default().with_null("none");
        let formatter = ArrayFormatter::try_new(&few, &options)?;
        (0..few.len()).map(|index| formatter.value(index).to_string()).collect()
    };
    let text = texts.join(", ");
    let short: String = text.chars().take(LONGEST_VALUE).collect();
    Ok(if short.len() < text.len() { format!("{short}...") } else { short })
}

/// A number with four digits that tell something.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e15 {
        format!("{value}")
    } else if (0.001..100_000.0).contains(&size) {
        let before_point = size.log10().floor().max(-1.0) as i32;
        format!("{value:.*}", usize::try_from(3 - before_point).unwrap_or(0))
    } else {
        format!("{value:.3e}")
    }
}

/// The encoded bytes of a column of images.
pub(crate) fn image_bytes(array: &ArrayRef) -> Option<&arrow_array::BinaryArray> {
    array.as_struct_opt()?.column_by_name("bytes")?.as_binary_opt()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::FixedSizeBinaryArray;

    use super::*;

    #[test]
    fn bytes_are_shown_with_their_number_and_the_first_of_them() {
        let field = Field::new("regions", DataType::FixedSizeBinary(24), false);
        let mut gathered = Gathered::new(&field);
        let bytes = FixedSizeBinaryArray::try_from_iter([[0; 24], [3; 24]].into_iter()).unwrap();
        gathered.add(&(Arc::new(bytes) as ArrayRef)).unwrap();
        let column = gathered.finish();
        assert_eq!((column.kind.as_str(), column.shapes), ("bytes", vec![vec![24]]));
        assert_eq!(column.first, [format!("{}...", "0".repeat(40)), format!("{}...", "03".repeat(20))]);
    }

    #[test]
    fn numbers_have_four_digits() {
        let written = [0.0, 3.0, 1.23456, 1234.567, 0.012345, 1e-9, 1.5e22, -0.5];
        let as_text = ["0", "3", "1.235", "1235", "0.0123", "1.000e-9", "1.500e22", "-0.5000"];
        assert_eq!(written.map(number), as_text);
    }
}
