//! The tables of the settings file, each with its defaults. `docs/settings.md` has a paragraph for every key.

use std::{collections::BTreeMap, path::PathBuf};

use connect::GatewayConfig;
use model::{Mode, PrincipalKind};
use serde::{Deserialize, Serialize};

use super::{addresses::Addresses, decap::Decap, identity::Identity, tls::Tls};

/// Everything that can be set. Every key has a default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Whether verdicts reach gateways.
    pub(crate) mode: Mode,
    pub(crate) capture: Capture,
    pub(crate) decap: Decap,
    pub(crate) sensor: Sensor,
    pub(crate) tls: Tls,
    pub(crate) http: Http,
    pub(crate) identity: Identity,
    pub(crate) addresses: Addresses,
    pub(crate) budget: Budget,
    pub(crate) detectors: Detectors,
    pub(crate) rails: Rails,
    pub(crate) decoys: Decoys,
    pub(crate) limits: Limits,
    pub(crate) state: State,
    pub(crate) soclog: SocLog,
    pub(crate) sandbox: Sandbox,
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) intake: Vec<Intake>,
}

/// Where frames come from.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Capture {
    pub(crate) interface: Option<String>,
    pub(crate) filter: Option<String>,
    pub(crate) snap_bytes: u32,
    pub(crate) ring_mib: u32,
    pub(crate) shards: u16,
    pub(crate) promiscuous: bool,
}

impl Default for Capture {
    fn default() -> Self {
        let (interface, filter) = (None, None);
        Self { interface, filter, snap_bytes: 262_144, ring_mib: 64, shards: 1, promiscuous: true }
    }
}

/// What the daemon may still do once everything is open.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Sandbox {
    pub(crate) enabled: bool,
    pub(crate) user: Option<String>,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self { enabled: true, user: None }
    }
}

/// Limits of decoding.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Sensor {
    pub(crate) idle_s: u64,
    pub(crate) half_stream_kib: usize,
    pub(crate) overlaps: Vec<String>,
    pub(crate) verify_checksums: bool,
    pub(crate) head_kib: usize,
    pub(crate) headers: usize,
    pub(crate) open_requests: usize,
    pub(crate) inspect_bodies: bool,
    pub(crate) body_kib: usize,
    pub(crate) body_ratio: u32,
    pub(crate) decoder_mib: usize,
}

impl Default for Sensor {
    fn default() -> Self {
        Self {
            idle_s: 300,
            half_stream_kib: 256,
            overlaps: Vec::new(),
            verify_checksums: false,
            head_kib: 64,
            headers: 128,
            open_requests: 128,
            inspect_bodies: true,
            body_kib: 64,
            body_ratio: 200,
            decoder_mib: 32,
        }
    }
}

/// What reads the requests first: it decides what odd ones mean.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Http {
    pub(crate) gateway: String,
    pub(crate) servers: Vec<HttpServer>,
}

impl Default for Http {
    fn default() -> Self {
        Self { gateway: "generic".to_owned(), servers: Vec::new() }
    }
}

/// What reads the requests to one server first.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpServer {
    pub(crate) address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    pub(crate) gateway: String,
}

/// The one number that decides how certain a block has to be.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Budget {
    pub(crate) false_blocks_per_million_principal_days: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { false_blocks_per_million_principal_days: 2.0 }
    }
}

/// How far each detector may go, by its name. Those that the file leaves out go as far as they are made to.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(from = "BTreeMap<String, Reach>", into = "BTreeMap<String, Reach>")]
pub(crate) struct Detectors(BTreeMap<String, Reach>);

impl Detectors {
    /// Names of the detectors of this reach, sorted.
    pub(crate) fn with(&self, wanted: Reach) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(_, reach)| **reach == wanted).map(|(name, _)| name.as_str())
    }
}

impl Default for Detectors {
    fn default() -> Self {
        let reach = |blocks| if blocks { Reach::Block } else { Reach::Watch };
        let made = engine::detectors().into_iter().map(|made| (made.name.to_owned(), reach(made.blocks)));
        Self(made.collect())
    }
}

impl From<BTreeMap<String, Reach>> for Detectors {
    fn from(wanted: BTreeMap<String, Reach>) -> Self {
        let mut detectors = Self::default();
        detectors.0.extend(wanted);
        detectors
    }
}

impl From<Detectors> for BTreeMap<String, Reach> {
    fn from(detectors: Detectors) -> Self {
        detectors.0
    }
}

/// How far a detector may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reach {
    /// Does not judge.
    Off,
    /// Judges and adds to others' evidence; never blocks alone.
    Watch,
    /// May block.
    Block,
}

/// What holds verdicts back.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Rails {
    pub(crate) never_block: Vec<String>,
    pub(crate) blocks_per_10min: u32,
    pub(crate) blocks_per_10min_share: f64,
    pub(crate) blocks_per_day_share: f64,
    pub(crate) ttl_s: Vec<u64>,
}

impl Default for Rails {
    fn default() -> Self {
        Self {
            never_block: Vec::new(),
            blocks_per_10min: 10,
            blocks_per_10min_share: 0.001,
            blocks_per_day_share: 0.005,
            ttl_s: vec![900, 7_200, 86_400, 604_800],
        }
    }
}

/// What no honest client touches.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Decoys {
    pub(crate) paths: Vec<DecoyPath>,
    pub(crate) values: Vec<DecoyValue>,
}

/// A path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecoyPath {
    pub(crate) name: String,
    pub(crate) path: String,
}

/// A value that nobody was given. Never printed.
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecoyValue {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl std::fmt::Debug for DecoyValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DecoyValue({:?}, ..)", self.name)
    }
}

/// What Sidewatch may use.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Limits {
    pub(crate) memory_mib: usize,
    pub(crate) ledger_days: u64,
    pub(crate) ledger_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_mib: 512, ledger_days: 90, ledger_mib: 256 }
    }
}

/// Where the ledger, the key, what was learnt and the control socket are.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) directory: Option<PathBuf>,
    pub(crate) learning_every_s: u64,
    pub(crate) snapshots_kept: u64,
    pub(crate) cold_mib: u64,
}

impl Default for State {
    fn default() -> Self {
        Self { directory: None, learning_every_s: 600, snapshots_kept: 0, cold_mib: 512 }
    }
}

/// The log for a SOC.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct SocLog {
    pub(crate) path: Option<PathBuf>,
    pub(crate) health_s: u64,
}

impl Default for SocLog {
    fn default() -> Self {
        Self { path: None, health_s: 60 }
    }
}

/// A gateway that carries verdicts out.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Gateway {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) address: Option<String>,
    pub(crate) maps: Option<PathBuf>,
    pub(crate) url: Option<String>,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) allow_private: bool,
    pub(crate) allow_plain_http: bool,
    pub(crate) dry_run: bool,
    pub(crate) resync_s: u64,
    pub(crate) list_max: usize,
    pub(crate) kinds: Vec<PrincipalKind>,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: String::new(),
            address: None,
            maps: None,
            url: None,
            secret_file: None,
            allow_private: false,
            allow_plain_http: false,
            dry_run: false,
            resync_s: 30,
            list_max: 50_000,
            kinds: Vec::new(),
        }
    }
}

impl Gateway {
    /// As the connectors take it.
    pub(crate) fn config(&self) -> GatewayConfig {
        let mut config = GatewayConfig::new(&self.name, &self.kind);
        config.address = self.address.as_deref().map(socket).unwrap_or_default();
        if let Some(maps) = &self.maps {
            config.maps = maps.display().to_string();
        }
        config.kinds.clone_from(&self.kinds);
        config.url = self.url.clone().unwrap_or_default();
        config.secret_file.clone_from(&self.secret_file);
        config.allow_private = self.allow_private;
        config.allow_plain_http = self.allow_plain_http;
        config.dry_run = self.dry_run;
        config.resync_s = self.resync_s;
        config.list_max = self.list_max;
        config
    }
}

/// A socket path or `host:port` with the prefix that says which of them it is.
fn socket(address: &str) -> String {
    if address.starts_with("unix:") || address.starts_with("tcp:") {
        address.to_owned()
    } else if address.starts_with('/') {
        format!("unix:{address}")
    } else {
        format!("tcp:{address}")
    }
}

/// Calls that are told by others than the mirror.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Intake {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) path: Option<PathBuf>,
    pub(crate) format: Option<String>,
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) from_start: bool,
    pub(crate) listen: Option<String>,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) trusted: Option<bool>,
}

impl Intake {
    /// The form of a log.
    pub(crate) fn format(&self) -> intake::Format {
        match self.format.as_deref() {
            Some("nginx") => intake::Format::Nginx,
            Some("envoy") => intake::Format::Envoy,
            Some("combined") => intake::Format::Combined,
            _ => intake::Format::Auto,
        }
    }

    /// Which key of a JSON line means what.
    pub(crate) fn fields(&self) -> intake::Fields {
        let named = |(name, key): (&String, &String)| Some((intake::Meaning::named(name)?, key.clone()));
        intake::Fields::new(self.fields.iter().filter_map(named))
    }
}
