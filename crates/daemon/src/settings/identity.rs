//! The table `[identity]`: how callers are recognised. Plain values with working defaults.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How callers are recognised.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Identity {
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) api_key_headers: Vec<String>,
    pub(crate) api_key_queries: Vec<String>,
    pub(crate) session_cookies: Vec<String>,
    pub(crate) infer: bool,
    pub(crate) trusted_proxies: Vec<String>,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            key_file: None,
            api_key_headers: Vec::new(),
            api_key_queries: Vec::new(),
            session_cookies: Vec::new(),
            infer: true,
            trusted_proxies: Vec::new(),
        }
    }
}
