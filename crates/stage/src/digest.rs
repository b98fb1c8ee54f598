//! Digests of inputs, for the metadata of what is made from them.

use std::io;
use std::path::{Path, PathBuf};

/// The BLAKE3 digest of a file, or of a folder: of its files' names and contents, in the order of their names.
pub(crate) fn digest(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    if path.is_dir() {
        for file in files(path)? {
            let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
            let content = blake3::Hasher::new().update_mmap_rayon(&file)?.finalize();
            hasher.update(content.as_bytes());
        }
    } else {
        hasher.update_mmap_rayon(path)?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { all.push(path) }
        }
    }
    all.sort();
    Ok(all)
}
