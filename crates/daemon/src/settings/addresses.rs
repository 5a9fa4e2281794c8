//! The table `[addresses]` with its defaults, and what its files hold once they are read. Values only.

use std::path::PathBuf;

use model::Known;
use serde::{Deserialize, Serialize};

/// Files with what others know of addresses.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Addresses {
    pub(crate) places: Option<PathBuf>,
    pub(crate) threat_lists: Vec<PathBuf>,
    /// What they hold, once they are read.
    #[serde(skip)]
    pub(crate) known: Known,
}
