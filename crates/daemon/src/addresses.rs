//! What others know of addresses: the files that settings name in, what the engine knows out. Read once, at the start.

use std::path::Path;

use crate::{
    fault::{Exit, Fault},
    settings::Settings,
};

/// Reads the files of `[addresses]`, for commands that judge.
pub(crate) fn read(settings: &mut Settings, path: Option<&Path>) -> Result<(), Fault> {
    let table = &mut settings.addresses;
    let read = places::read(table.places.as_deref(), &table.threat_lists);
    table.known = read.map_err(|mistakes| Fault {
        exit: Exit::Usage,
        lines: mistakes
            .into_iter()
            .map(|mistake| {
                let file = path.unwrap_or_else(|| Path::new("-")).display();
                format!("settings {file}: [addresses] {mistake}; see docs/settings.md")
            })
            .collect(),
    })?;
    Ok(())
}
