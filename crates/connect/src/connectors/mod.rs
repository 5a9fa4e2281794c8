//! The registry of connectors: a name from the settings in, the connector out. One file each, sorted by name.

mod haproxy;
mod webhook;

use crate::{ConfigError, Connector, GatewayConfig};

/// Checks the settings and builds the connector. Contacts nobody.
pub type Build = fn(&GatewayConfig) -> Result<Box<dyn Connector>, ConfigError>;

/// Every connector by name, sorted.
pub const REGISTRY: &[(&str, Build)] = &[("haproxy", haproxy::build), ("webhook", webhook::build)];

/// The connector that a gateway's settings name.
///
/// # Errors
/// When there is none of that name, or it finds a setting wrong.
pub fn build(config: &GatewayConfig) -> Result<Box<dyn Connector>, ConfigError> {
    match REGISTRY.iter().find(|(name, _)| *name == config.connector) {
        Some((_, build)) => build(config),
        None => {
            let names: Vec<&str> = REGISTRY.iter().map(|(name, _)| *name).collect();
            Err(config.wrong("kind", format!("expected one of {}", names.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_sorted_and_names_every_file() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/connectors");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("source folder")
            .map(|entry| entry.expect("entry").file_name().to_string_lossy().replace(".rs", ""))
            .filter(|name| name != "mod")
            .collect();
        files.sort();
        let names: Vec<&str> = REGISTRY.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, files);
    }

    #[test]
    fn an_unknown_connector_is_told_the_known_ones() {
        let error = GatewayConfig::new("edge", "nginx").check().expect_err("unknown");
        assert_eq!(error.to_string(), r#"gateway "edge": kind: expected one of haproxy, webhook"#);
    }
}
