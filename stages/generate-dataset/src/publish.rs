//! A dataset in the form in which Hugging Face's hub and tools take it: a Parquet file a split, a card, and Croissant metadata.

mod card;
mod croissant;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, PrimitiveBuilder};
use arrow_array::types::{ArrowPrimitiveType, Float32Type, UInt8Type};
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tables::{CLASSES, PIXELS, Reader, SIDE, catalogue};

/// The splits, in the order of the card.
pub const SPLITS: [&str; 2] = ["train", "test"];

/// A column of the published files, which the card and the metadata describe too.
struct Column {
    name: &'static str,
    about: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Id,
    Class,
    Pixels,
    Regions,
    Text,
}

const COLUMNS: [Column; 6] = [
    Column { name: "image_id", about: "Number of the image in the dataset, from 0", kind: Kind::Id },
    Column { name: "label", about: "Class of the digit that gave the regions", kind: Kind::Class },
    Column {
        name: "random_label",
        about: "A label drawn uniformly, whatever the image shows",
        kind: Kind::Class,
    },
    Column {
        name: "pixels",
        about: "One draw of the pixel distribution, placed by region, 32×32",
        kind: Kind::Pixels,
    },
    Column {
        name: "regions",
        about: "Region of each pixel: 0 outside, 1 outside-boundary, 2 inside-boundary, 3 inside",
        kind: Kind::Regions,
    },
    Column { name: "source_digit", about: "The handwritten digit that gave the regions", kind: Kind::Text },
];

/// A published file.
struct Split {
    name: &'static str,
    images: usize,
    bytes: u64,
    sha256: String,
}

impl Split {
    /// Its path in the folder.
    fn path(&self) -> String {
        format!("data/{}.parquet", self.name)
    }
}

/// What is said of the dataset.
struct About {
    params: Value,
    /// Whether the digits are MNIST's, whose licence then holds.
    is_mnist: bool,
    splits: Vec<Split>,
}

/// Writes the folder, whole or not at all.
///
/// # Errors
/// A sentence: the folder is there already, the dataset can't be read, or the disk refuses.
pub fn publish(dataset: &Path, folder: &Path) -> Result<usize, String> {
    if folder.exists() {
        return Err(format!("{} is there already; name a folder that is not", folder.display()));
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let refused = |error: std::io::Error| format!("{}: cannot write it: {error}", folder.display());
    let unfinished = tempfile::Builder::new().prefix(".export-").tempdir_in(parent).map_err(refused)?;
    let data = unfinished.path().join("data");
    std::fs::create_dir(&data).map_err(refused)?;
    let about = write_splits(dataset, &data)?;
    let texts = [("README.md", card::markdown(&about)), ("croissant.json", croissant::json(&about))];
    for (name, text) in texts {
        std::fs::write(unfinished.path().join(name), text).map_err(refused)?;
    }
    set_readable(unfinished.path()).map_err(refused)?;
    std::fs::rename(unfinished.path(), folder).map_err(refused)?;
    Ok(about.splits.iter().map(|split| split.images).sum())
}

/// A temporary folder is its maker's alone, and a published one everyone's.
fn set_readable(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
}

fn write_splits(dataset: &Path, data: &Path) -> Result<About, String> {
    let reader = Reader::open(dataset, &catalogue::DATASET, &[]).map_err(|error| error.to_string())?;
    let params =
        reader.metadata("params").and_then(|text| serde_json::from_str(text).ok()).unwrap_or(json!({}));
    let schema = schema();
    let failed = |error: parquet::errors::ParquetError| format!("{}: {error}", data.display());
    let paths: Vec<PathBuf> = SPLITS.iter().map(|split| data.join(format!("{split}.parquet"))).collect();
    let mut writers = Vec::new();
    for path in &paths {
        let file = std::fs::File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let level = ZstdLevel::try_new(3).map_err(failed)?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        writers.push(ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(failed)?);
    }
    let mut images = [0; SPLITS.len()];
    let mut is_mnist = true;
    for batch in reader {
        let batch = batch.map_err(|error| error.to_string())?;
        let of_batch = rows(&batch).map_err(|error| error.to_string())?;
        is_mnist &= of_batch.iter().all(|row| row.source.starts_with("mnist/"));
        for (place, split) in SPLITS.iter().enumerate() {
            let some: Vec<&Row<'_>> = of_batch.iter().filter(|row| row.split == *split).collect();
            images[place] += some.len();
            let written = RecordBatch::try_new(schema.clone(), columns(&some)).map_err(|e| e.to_string())?;
            writers[place].write(&written).map_err(failed)?;
        }
    }
    let mut splits = Vec::new();
    for (((writer, name), images), path) in writers.into_iter().zip(SPLITS).zip(images).zip(&paths) {
        writer.close().map_err(failed)?;
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        splits.push(Split { name, images, bytes: bytes.len() as u64, sha256 });
    }
    Ok(About { params, is_mnist, splits })
}

/// One image.
struct Row<'a> {
    id: i32,
    split: &'a str,
    label: u8,
    random_label: u8,
    pixels: Vec<f32>,
    regions: Vec<u8>,
    source: &'a str,
}

fn rows(batch: &tables::Batch) -> Result<Vec<Row<'_>>, tables::Error> {
    let (ids, splits) = (batch.i32s("image_id")?, batch.texts("split")?);
    let (labels, random) = (batch.u8s("label")?, batch.u8s("random_label")?);
    let (pixels, regions) = (batch.finite_f32_tensors("pixels")?.0, batch.bytes("regions")?);
    let sources = batch.texts("source_digit")?;
    let row = |row: usize| -> Result<Row<'_>, tables::Error> {
        if !SPLITS.contains(&splits[row]) {
            return Err(batch.bad_value("split", row, splits[row], "a split is train or test"));
        }
        for (column, label) in [("label", labels[row]), ("random_label", random[row])] {
            if usize::from(label) >= CLASSES {
                return Err(batch.bad_value(column, row, label, "a label is 0 to 9"));
            }
        }
        Ok(Row {
            id: ids[row],
            split: splits[row],
            label: labels[row],
            random_label: random[row],
            pixels: pixels[row * PIXELS..(row + 1) * PIXELS].to_vec(),
            regions: regions[row * PIXELS..(row + 1) * PIXELS].to_vec(),
            source: sources[row],
        })
    };
    (0..batch.rows()).map(row).collect()
}

fn columns(rows: &[&Row<'_>]) -> Vec<ArrayRef> {
    let classes = |of: fn(&Row<'_>) -> u8| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| i64::from(of(row)))))
    };
    vec![
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.id))),
        classes(|row| row.label),
        classes(|row| row.random_label),
        pictures::<Float32Type>(rows.iter().map(|row| row.pixels.as_slice())),
        pictures::<UInt8Type>(rows.iter().map(|row| row.regions.as_slice())),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.source))),
    ]
}

/// Lists of lines, as Hugging Face's `Array2D` is stored.
fn pictures<'a, T: ArrowPrimitiveType>(pictures: impl Iterator<Item = &'a [T::Native]>) -> ArrayRef
where
    T::Native: 'a,
{
    let mut builder = ListBuilder::new(ListBuilder::new(PrimitiveBuilder::<T>::new()));
    for picture in pictures {
        for line in picture.chunks(SIDE) {
            builder.values().values().append_slice(line);
            builder.values().append(true);
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn schema() -> Arc<Schema> {
    let list = |inner: DataType| DataType::List(Arc::new(Field::new_list_field(inner, true)));
    let of = |column: &Column| {
        let data_type = match column.kind {
            Kind::Id => DataType::Int32,
            Kind::Class => DataType::Int64,
            Kind::Pixels => list(list(DataType::Float32)),
            Kind::Regions => list(list(DataType::UInt8)),
            Kind::Text => DataType::Utf8,
        };
        Field::new(column.name, data_type, true)
    };
    let fields: Vec<Field> = COLUMNS.iter().map(of).collect();
    let features = json!({"info": {"features": features()}}).to_string();
    let metadata = HashMap::from([("huggingface".to_owned(), features)]);
    Arc::new(Schema::new(fields).with_metadata(metadata))
}

/// A column of classes as Hugging Face datasets name its type.
pub fn class_label() -> Value {
    json!({"names": class_names(), "_type": "ClassLabel"})
}

fn class_names() -> Vec<String> {
    (0..CLASSES).map(|class| class.to_string()).collect()
}

/// The columns as Hugging Face datasets name their types.
fn features() -> Value {
    let feature = |column: &Column| match column.kind {
        Kind::Id => json!({"dtype": "int32", "_type": "Value"}),
        Kind::Class => class_label(),
        Kind::Pixels => json!({"shape": [SIDE, SIDE], "dtype": "float32", "_type": "Array2D"}),
        Kind::Regions => json!({"shape": [SIDE, SIDE], "dtype": "uint8", "_type": "Array2D"}),
        Kind::Text => json!({"dtype": "string", "_type": "Value"}),
    };
    COLUMNS
        .iter()
        .map(|column| (column.name.to_owned(), feature(column)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
