//! Session keys of TLS: lines of a key log in, for the flows that need them. What TLS shows without keys out.

use super::Sensor;
use crate::tls::TlsFlow;

impl Sensor {
    /// Learns session keys from whole lines of a key log (`SSLKEYLOGFILE`, RFC 9850). What is no such line is counted
    /// `key_line_bad`. Flows that wait for these keys are read at their next frame or tick; keys learnt before the
    /// first frame are kept as long as there is room, others for [`TlsConfig::keys_last`](crate::TlsConfig::keys_last).
    pub fn learn_keys(&mut self, text: &[u8]) {
        self.desk.vault.learn(text, self.now, &mut self.desk.losses);
    }

    /// Sessions whose keys are known.
    #[must_use]
    pub fn key_sessions(&self) -> usize {
        self.desk.vault.sessions()
    }

    /// The TLS flows that ended since the last call, if [`TlsConfig::list_flows`](crate::TlsConfig::list_flows) asks for
    /// them. At most 131,072 wait to be taken; more are not listed.
    pub fn take_tls_flows(&mut self) -> Vec<TlsFlow> {
        self.desk.vault.take_flows()
    }
}
