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
            if path.is_dir() {
                folders.push(path)
            } else if path.is_file() {
                all.push(path)
            } else {
                // A pipe would be waited for; links that lead in a circle end here, too.
                return Err(io::Error::other(format!("{} is neither a file nor a folder", path.display())));
            }
        }
    }
    all.sort();
    Ok(all)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_folder_with_what_is_no_file_is_refused_by_its_name_and_not_waited_for() {
        let refused = |make: &dyn Fn(&Path)| {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("images"), [7; 9]).unwrap();
            assert!(digest(folder.path()).is_ok());
            make(folder.path());
            let sentence = digest(folder.path()).unwrap_err().to_string();
            assert!(
                sentence.contains("odd") && sentence.ends_with("neither a file nor a folder"),
                "{sentence}"
            );
        };
        refused(&|folder| symlink("nowhere", folder.join("odd")).unwrap());
        refused(&|folder| ["odd", "other"].iter().for_each(|name| symlink(".", folder.join(name)).unwrap()));
        refused(&|folder| {
            assert!(Command::new("mkfifo").arg(folder.join("odd")).status().unwrap().success())
        });
    }
}
