//! The dataset card: the front matter that Hugging Face's hub reads, and what a reader should know.

use std::fmt::Write;

use tables::SIDE;

use super::{About, COLUMNS, Column, Kind, class_names};

/// README.md.
pub(super) fn markdown(about: &About) -> String {
    let mut text = front_matter(about);
    let param = |name: &str| match &about.params[name] {
        serde_json::Value::Null => "unknown".to_owned(),
        serde_json::Value::String(word) => word.clone(),
        value => value.to_string(),
    };
    let images: usize = about.splits.iter().map(|split| split.images).sum();
    let is_anywhere = about.params["placement"] == "anywhere";
    let _ = write!(
        text,
        "\n# Synthetic digits with a known pixel distribution\n\n\
         {images} images of 32×32 pixels in ten classes. Every image's 1,024 pixels are one draw of a known distribution \
         ({} with variance {}), so that the distribution of a network's input is known exactly. Made by \
         Algorithm 1 of \"Explicitly Bayesian Regularizations in Deep Learning\" \
         (<https://arxiv.org/abs/1910.09732>): a handwritten digit splits the picture into four regions (outside, outside-boundary, \
         inside-boundary, inside){}\n\n\
         ## Splits\n\n| split | images | bytes |\n|---|---|---|\n",
        param("distribution"),
        param("variance"),
        // With this placement the regions are kept and not used.
        if is_anywhere {
            ". In this dataset the draw lies in no order in the whole picture: the class is nowhere in its pixels."
        } else {
            ", and the sorted draw fills them, the largest values outside. The class stands only in where the pixels lie."
        }
    );
    for split in &about.splits {
        let _ = writeln!(text, "| {} | {} | {} |", split.name, split.images, split.bytes);
    }
    text.push_str("\n## Columns\n\n| column | meaning |\n|---|---|\n");
    for column in &COLUMNS {
        let _ = writeln!(text, "| `{}` | {} |", column.name, column.about);
    }
    let _ = write!(
        text,
        "\n## How it was made\n\nBy `generate-dataset` of priorscope, with\n\n```json\n{}\n```\n\n\
         The same digits and params give the same images. No digit is in both splits.\n\n\
         ## Use and limits\n\nFor studies of what networks learn from inputs of a known distribution, with real or random labels. The \
         images are not natural: {}.\n\n## Licence\n\n{}\n",
        serde_json::to_string_pretty(&about.params).unwrap_or_default(),
        if is_anywhere {
            "they are white noise, and labels can only be learned by heart"
        } else {
            "neighbouring pixels of a region are sorted or shuffled values, and the classes can be told by the regions alone"
        },
        licence(about)
    );
    text
}

fn licence(about: &About) -> &'static str {
    if about.is_mnist {
        "The regions derive from MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, which is licensed under CC BY-SA 3.0; so \
         is this dataset."
    } else {
        "The licence of the digits that gave the regions holds; they are named in `source_digit`."
    }
}

fn front_matter(about: &About) -> String {
    let images: usize = about.splits.iter().map(|split| split.images).sum();
    let size = match images {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        _ => "1M<n<10M",
    };
    let mut text = format!(
        "---\npretty_name: Synthetic digits with a known pixel distribution\nlicense: {}\ntask_categories:\n- image-classification\n\
         size_categories:\n- {size}\ntags:\n- synthetic\n- generalization\nconfigs:\n- config_name: default\n  data_files:\n",
        if about.is_mnist { "cc-by-sa-3.0" } else { "other" }
    );
    for split in &about.splits {
        let _ = writeln!(text, "  - split: {}\n    path: {}", split.name, split.path());
    }
    text.push_str("dataset_info:\n  features:\n");
    COLUMNS.iter().for_each(|column| feature(&mut text, column));
    text.push_str("  splits:\n");
    for split in &about.splits {
        let _ = writeln!(
            text,
            "  - name: {}\n    num_bytes: {}\n    num_examples: {}",
            split.name, split.bytes, split.images
        );
    }
    text + "---\n"
}

fn feature(text: &mut String, column: &Column) {
    let _ = writeln!(text, "  - name: {}", column.name);
    let picture = |dtype: &str| {
        format!(
            "    dtype:\n      array2_d:\n        shape:\n        - {SIDE}\n        - {SIDE}\n        dtype: {dtype}\n"
        )
    };
    let kind = match column.kind {
        Kind::Id => "    dtype: int32\n".to_owned(),
        Kind::Text => "    dtype: string\n".to_owned(),
        Kind::Class => {
            let line = |class: &String| format!("          '{class}': '{class}'\n");
            let names: String = class_names().iter().map(line).collect();
            format!("    dtype:\n      class_label:\n        names:\n{names}")
        }
        Kind::Pixels => picture("float32"),
        Kind::Regions => picture("uint8"),
    };
    text.push_str(&kind);
}
