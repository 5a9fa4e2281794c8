//! The table `[tls]` with its defaults. Values only.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How TLS is read with session keys.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Tls {
    pub(crate) key_logs: Vec<PathBuf>,
    pub(crate) key_wait_s: u64,
    pub(crate) hold_kib: usize,
    pub(crate) sessions: usize,
}

impl Default for Tls {
    fn default() -> Self {
        Self { key_logs: Vec::new(), key_wait_s: 10, hold_kib: 64, sessions: 65_536 }
    }
}
