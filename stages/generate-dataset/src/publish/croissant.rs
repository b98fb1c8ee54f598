//! Croissant metadata (MLCommons, version 1.0): the files with their digests, and what their columns mean.

use serde_json::{Value, json};

use super::{About, COLUMNS, Column, Kind, Split};

/// croissant.json.
pub(super) fn json(about: &About) -> String {
    let licence = if about.is_mnist { "https://creativecommons.org/licenses/by-sa/3.0/" } else { "unknown" };
    let document = json!({
        "@context": context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "synthetic-digits",
        "description": "Images of 32×32 pixels whose pixels obey a known distribution, made from handwritten digits.",
        "license": licence,
        "url": "https://arxiv.org/abs/1910.09732",
        "citeAs": "Explicitly Bayesian Regularizations in Deep Learning, https://arxiv.org/abs/1910.09732",
        "version": env!("CARGO_PKG_VERSION"),
        "distribution": about.splits.iter().map(file).collect::<Vec<_>>(),
        "recordSet": about.splits.iter().map(records).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn file(split: &Split) -> Value {
    json!({
        "@type": "cr:FileObject",
        "@id": split.path(),
        "name": split.path(),
        "contentUrl": split.path(),
        "contentSize": format!("{} B", split.bytes),
        "encodingFormat": "application/x-parquet",
        "sha256": split.sha256,
    })
}

fn records(split: &Split) -> Value {
    let field = |column: &Column| {
        let (kind, repeated) = match column.kind {
            Kind::Id | Kind::Class => ("sc:Integer", false),
            Kind::Text => ("sc:Text", false),
            Kind::Pixels => ("sc:Float", true),
            Kind::Regions => ("sc:Integer", true),
        };
        let mut field = json!({
            "@type": "cr:Field",
            "@id": format!("{}/{}", split.name, column.name),
            "name": column.name,
            "description": column.about,
            "dataType": kind,
            "source": {"fileObject": {"@id": split.path()}, "extract": {"column": column.name}},
        });
        if repeated {
            field["repeated"] = true.into();
        }
        field
    };
    json!({
        "@type": "cr:RecordSet",
        "@id": split.name,
        "name": split.name,
        "description": format!("{} images", split.images),
        "field": COLUMNS.iter().map(field).collect::<Vec<_>>(),
    })
}

/// The names that Croissant 1.0 prescribes.
fn context() -> Value {
    json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataBiases": "cr:dataBiases",
        "dataCollection": "cr:dataCollection",
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "equivalentProperty": "cr:equivalentProperty",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "extract": "cr:extract",
        "field": "cr:field",
        "fileProperty": "cr:fileProperty",
        "fileObject": "cr:fileObject",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "parentField": "cr:parentField",
        "path": "cr:path",
        "personalSensitiveInformation": "cr:personalSensitiveInformation",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "samplingRate": "cr:samplingRate",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    })
}
