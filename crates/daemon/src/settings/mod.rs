//! Settings: a TOML file in, checked settings out. Either everything holds, or every mistake is told and nothing starts.

mod addresses;
mod decap;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod identity;
mod reader;
mod rules;
mod tables;
mod tls;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub(crate) use decap::FragmentHosts;
pub(crate) use rules::{Spared, net, nets, overlap, spared};
pub(crate) use tables::{Gateway, HttpServer, Intake, Reach, Settings};

use crate::fault::{Exit, Fault};

/// Where settings are looked for when none are named.
pub(crate) const DEFAULT_PATH: &str = "/etc/sidewatch/sidewatch.toml";

/// Settings from the named file, the default file, or the defaults. Says which file it was.
pub(crate) fn load(named: Option<&Path>) -> Result<(Settings, Option<PathBuf>), Fault> {
    let path = named.unwrap_or_else(|| Path::new(DEFAULT_PATH));
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok((Settings::default(), None));
        }
        Err(error) => {
            let remedy = "check the path given";
            let line = format!("can not read settings {}: {error}; {remedy}", path.display());
            return Err(Fault::new(Exit::Usage, line));
        }
    };
    let settings = parse(&text).map_err(|mistakes| Fault {
        exit: Exit::Usage,
        lines: mistakes
            .into_iter()
            .map(|mistake| format!("settings {}: {mistake}; see docs/settings.md", path.display()))
            .collect(),
    })?;
    Ok((settings, Some(path.to_owned())))
}

/// Settings from text: form first, then values.
pub(crate) fn parse(text: &str) -> Result<Settings, Vec<String>> {
    let settings = reader::read(text)?;
    let mistakes = rules::mistakes(&settings);
    if mistakes.is_empty() { Ok(settings) } else { Err(mistakes) }
}

impl Settings {
    /// The state directory: as set, or the system's for root, or the user's own.
    pub(crate) fn state_directory(&self) -> PathBuf {
        if let Some(directory) = &self.state.directory {
            return directory.clone();
        }
        if rustix::process::geteuid().is_root() {
            return PathBuf::from("/var/lib/sidewatch");
        }
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
        let base = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
        base.unwrap_or_else(std::env::temp_dir).join("sidewatch")
    }

    /// Where the ledger lies.
    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.state_directory().join("ledger.redb")
    }

    /// Where the engine keeps what it has learnt.
    pub(crate) fn learning_path(&self) -> PathBuf {
        self.state_directory().join("learning.snapshot")
    }

    /// Where a running daemon listens for our commands.
    pub(crate) fn control_path(&self) -> PathBuf {
        self.state_directory().join("control.sock")
    }

    /// Where the SOC log goes; `-` is standard output.
    pub(crate) fn soclog_path(&self) -> PathBuf {
        self.soclog.path.clone().unwrap_or_else(|| self.state_directory().join("soc.ndjson"))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde_json::Value;

    use super::{reader::shape, *};

    #[test]
    fn the_manual_names_every_key() {
        let manual = include_str!("../../../../docs/settings.md");
        let mut names = Vec::new();
        for (table, keys) in shape(&Settings::default()) {
            match keys {
                Value::Object(keys) => names.extend(keys.into_iter().map(|(key, _)| key)),
                _ => names.push(table.clone()),
            }
            names.push(table);
        }
        names.extend(shape(&Gateway::default()).into_iter().map(|(key, _)| key));
        names.extend(shape(&Intake::default()).into_iter().map(|(key, _)| key));
        let missing: Vec<_> = names.iter().filter(|name| !manual.contains(&format!("`{name}`"))).collect();
        let missing: Vec<_> =
            missing.into_iter().filter(|name| !manual.contains(&format!("[{name}]"))).collect();
        assert!(missing.is_empty(), "docs/settings.md lacks {missing:?}");
    }

    #[test]
    fn the_manuals_example_is_sound() {
        let manual = include_str!("../../../../docs/settings.md");
        for example in manual.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            assert!(parse(example).is_ok(), "{example}: {:?}", parse(example));
        }
    }

    #[test]
    fn every_input_that_fuzzing_kept_keeps_its_promise() {
        let kept = include_str!("../../../../fuzz/corpus/settings.txt");
        for line in kept.lines() {
            fuzzing::settings(&STANDARD.decode(line).expect("base64"));
        }
    }
}
