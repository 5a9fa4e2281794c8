//! Places: a database in MaxMind's format and files of listed addresses in, what the engine knows of addresses out. Either
//! everything can be read, or every mistake is told. Never judges.

mod atlas;
mod list;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use model::{Known, Places, ThreatList};

/// Largest database in bytes: ten times what the largest city database takes.
const ATLAS_BYTES_MAX: u64 = 1 << 30;
/// Largest file of listed addresses in bytes.
const LIST_BYTES_MAX: u64 = 64 << 20;

/// Reads everything into memory: a database of places, if one is named, and threat lists, each named after its file.
///
/// # Errors
/// Every file that is not what it should be: its key in the settings, its name, the place in it, and what to do.
pub fn read(places: Option<&Path>, lists: &[PathBuf]) -> Result<Known, Vec<String>> {
    let mut mistakes = Vec::new();
    let places = places.and_then(|path| match atlas(path) {
        Ok(atlas) => Some(atlas),
        Err(mistake) => {
            mistakes.push(format!("`places`: {}: {mistake}", path.display()));
            None
        }
    });
    let mut read: Vec<ThreatList> = Vec::new();
    for path in lists {
        match named(path, &read).and_then(|name| list(path, &name)) {
            Ok(list) => read.push(list),
            Err(mistake) => mistakes.push(format!("`threat_lists`: {}: {mistake}", path.display())),
        }
    }
    if lists.len() > Known::LISTS_MAX {
        mistakes.push(format!(
            "`threat_lists`: expected {} files at the most, found {}; put some together",
            Known::LISTS_MAX,
            lists.len()
        ));
    }
    if mistakes.is_empty() { Ok(Known { places, lists: read.into() }) } else { Err(mistakes) }
}

fn atlas(path: &Path) -> Result<Arc<dyn Places>, String> {
    let bytes = contents(path, ATLAS_BYTES_MAX)?;
    Ok(Arc::new(atlas::Atlas::new(bytes)?))
}

/// The name that verdicts give: that of the file without its ending.
fn named(path: &Path, before: &[ThreatList]) -> Result<String, String> {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err("verdicts name a list after its file: give it one of letters, digits, `-`, `_` and `.`"
            .to_owned());
    }
    if before.iter().any(|list| list.name == name) {
        return Err(format!("there is another list {name}: give one of the files another name"));
    }
    Ok(name.to_owned())
}

fn list(path: &Path, name: &str) -> Result<ThreatList, String> {
    let bytes = contents(path, LIST_BYTES_MAX)?;
    Ok(ThreatList::new(name, list::networks(&bytes)?))
}

fn contents(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let told = |error: io::Error| format!("can not be read: {error}; check the path and its permissions");
    let mut bytes = Vec::new();
    let read = File::open(path).map_err(told)?.take(bytes_max + 1).read_to_end(&mut bytes).map_err(told)?;
    if read as u64 > bytes_max {
        return Err(format!("is longer than {} MiB", bytes_max >> 20));
    }
    Ok(bytes)
}
