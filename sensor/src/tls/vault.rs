//! The vault: what the TLS channels of one sensor share. Keys, limits, one buffer for records, and the list of flows.

use std::time::Duration;

use ahash::RandomState;
use model::{Losses, Pseudonyms, Timestamp};

use super::{TlsFlow, keys::KeyStore};

/// Flows listed and not yet fetched; more are not listed.
const LISTED_MAX: usize = 1 << 17;

/// Limits of reading TLS.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// Bytes that a direction of a flow may keep while its keys are awaited; 0 when no keys will come.
    pub hold_bytes_max: usize,
    /// Bytes that all flows together may keep so.
    pub hold_total_bytes_max: usize,
    /// How long a flow waits for its keys, in time of the frames.
    pub key_wait: Duration,
    /// Sessions whose keys are kept; the oldest go first, counted `keys_forgotten`.
    pub keys_max: usize,
    /// How long keys are kept after they were learnt. Those learnt before the first frame stay.
    pub keys_last: Duration,
    /// Whether flows are listed for [`Sensor::take_tls_flows`](crate::Sensor::take_tls_flows).
    pub list_flows: bool,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            hold_bytes_max: 64 << 10,
            hold_total_bytes_max: 32 << 20,
            key_wait: Duration::from_secs(10),
            keys_max: 65_536,
            keys_last: Duration::from_secs(3_600),
            list_flows: false,
        }
    }
}

/// What channels share.
pub(crate) struct Vault {
    pub(super) config: TlsConfig,
    pub(super) keys: KeyStore,
    /// The record in hand, and a copy of it for another try.
    pub(super) record: Vec<u8>,
    pub(super) copy: Vec<u8>,
    /// Bytes that all channels keep while they wait.
    pub(super) held: usize,
    flows: Vec<TlsFlow>,
}

impl Vault {
    pub(crate) fn new(config: TlsConfig, names: &Pseudonyms) -> Self {
        let seed = |n: u8| names.short(b"tls keys", &[n]);
        let hasher = RandomState::with_seeds(seed(0), seed(1), seed(2), seed(3));
        let keys = KeyStore::new(config.keys_max, config.keys_last, hasher);
        Self { config, keys, record: Vec::new(), copy: Vec::new(), held: 0, flows: Vec::new() }
    }

    /// Learns whole lines of a key log.
    pub(crate) fn learn(&mut self, text: &[u8], now: Timestamp, losses: &mut Losses) {
        self.keys.learn(text, now, losses);
    }

    /// Sessions whose keys are known.
    pub(crate) fn sessions(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn list(&mut self, flow: TlsFlow) {
        if self.config.list_flows && self.flows.len() < LISTED_MAX {
            self.flows.push(flow);
        }
    }

    /// The flows that ended since the last time.
    pub(crate) fn take_flows(&mut self) -> Vec<TlsFlow> {
        std::mem::take(&mut self.flows)
    }
}
