//! Settings of one gateway: as written in in, checked by its connector, or one line that names key and remedy out.
//! Never opens a connection.

use std::{fmt, path::PathBuf};

use compact_str::CompactString;
use model::PrincipalKind;
use serde::Deserialize;

/// One gateway, as in a `[[gateways]]` table. Keys that its connector does not know are left at their default.
#[derive(Clone, Debug, Deserialize)]
pub struct GatewayConfig {
    /// Its name in logs and in the ledger. Keep it: the ledger knows the gateway by it.
    pub name: CompactString,
    /// Which connector speaks to it: `haproxy` or `webhook`.
    pub connector: CompactString,
    /// HAProxy: its stats socket, `unix:/run/haproxy/admin.sock` or `tcp:127.0.0.1:9999`.
    #[serde(default)]
    pub address: String,
    /// HAProxy: the folder of the map files, as HAProxy's own settings name it.
    #[serde(default = "default_maps")]
    pub maps: String,
    /// Kinds it is to enforce; empty: all that the connector can.
    #[serde(default)]
    pub kinds: Vec<PrincipalKind>,
    /// Webhook: where to post.
    #[serde(default)]
    pub url: String,
    /// Webhook: file with the signing secret, `whsec_` and base64.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Webhook: loopback, private and link-local addresses may be posted to.
    #[serde(default)]
    pub allow_private: bool,
    /// Webhook: `http://` is allowed.
    #[serde(default)]
    pub allow_plain_http: bool,
    /// Write down what would be sent, and send nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Seconds between full comparisons of ledger and gateway, 1 to 3600.
    #[serde(default = "default_resync_s")]
    pub resync_s: u64,
    /// Entries on the gateway at most. Beyond it the mildest and soonest to expire are left out.
    #[serde(default = "default_list_max")]
    pub list_max: usize,
}

fn default_maps() -> String {
    "/etc/haproxy/sidewatch".to_owned()
}

const fn default_resync_s() -> u64 {
    30
}

const fn default_list_max() -> usize {
    50_000
}

impl GatewayConfig {
    /// A gateway with every setting at its default.
    #[must_use]
    pub fn new(name: &str, connector: &str) -> Self {
        Self {
            name: name.into(),
            connector: connector.into(),
            address: String::new(),
            maps: default_maps(),
            kinds: Vec::new(),
            url: String::new(),
            secret_file: None,
            allow_private: false,
            allow_plain_http: false,
            dry_run: false,
            resync_s: default_resync_s(),
            list_max: default_list_max(),
        }
    }

    /// Checks everything that can be checked without contacting the gateway.
    ///
    /// # Errors
    /// The first wrong key with its remedy.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.name.is_empty() || self.name.len() > 64 || self.name.contains(|c: char| c.is_control()) {
            return Err(self.wrong("name", "expected 1 to 64 printable characters"));
        }
        if !(1..=3600).contains(&self.resync_s) {
            return Err(self.wrong("resync_s", "expected 1 to 3600"));
        }
        if !(1..=1_000_000).contains(&self.list_max) {
            return Err(self.wrong("list_max", "expected 1 to 1000000"));
        }
        crate::connectors::build(self).map(drop)
    }

    /// An error about one of its keys.
    pub(crate) fn wrong(&self, key: &'static str, remedy: impl Into<String>) -> ConfigError {
        ConfigError { gateway: self.name.clone(), key, remedy: remedy.into() }
    }
}

/// A wrong setting of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Which gateway.
    pub gateway: CompactString,
    /// Which key.
    pub key: &'static str,
    /// What was expected.
    pub remedy: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gateway {:?}: {}: {}", self.gateway, self.key, self.remedy)
    }
}

impl std::error::Error for ConfigError {}
