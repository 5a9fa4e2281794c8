//! What TLS shows without keys: names, the client's look, sizes and times. Never a random, ticket or certificate.

use std::net::SocketAddr;

use compact_str::CompactString;
use model::Timestamp;
use serde::Serialize;

/// One flow that spoke TLS, as an onlooker without keys sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TlsFlow {
    /// When its first byte was seen.
    pub at: Timestamp,
    /// The end that said hello.
    pub client: SocketAddr,
    /// The end that answered.
    pub server: SocketAddr,
    /// Server name asked for, lower case, at most 255 bytes; empty when none was. With ECH the outer one.
    pub sni: CompactString,
    /// The protocol chosen if that was seen, else the first one offered.
    pub alpn: CompactString,
    /// Keyed hash of the client's hello, as in a call's context; 0 when none was seen.
    pub fingerprint: u64,
    /// Number of the cipher suite chosen; 0 when no answer was seen.
    pub suite: u16,
    /// Bytes sent by the client and by the server, heads of records included.
    pub bytes: [u64; 2],
    /// Records sent by the client and by the server.
    pub records: [u64; 2],
    /// Records of those whose contents were read: opened with keys.
    pub opened: [u64; 2],
    /// From the first byte to the last, in microseconds.
    pub duration_us: u64,
}
