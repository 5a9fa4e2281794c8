//! The sensor room: frames in, API calls and counted losses out. Clear credentials never pass `ApiCall`; nothing here
//! knows the engine or writes to the network.

mod attested;
mod body;
pub mod capture;
#[cfg(test)]
mod conformance;
mod decap;
mod eight;
mod flow;
mod fragments;
mod frame;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod half;
mod handshakes;
mod header;
mod http;
mod http2;
mod identity;
mod ledger;
mod memo;
mod mirrors;
mod segment;
#[allow(dead_code, reason = "bodies hand their text to it")]
mod sensitive;
mod sensor;
mod seq;
mod session;
mod signs;
mod socks;
mod stream;
mod table;
#[cfg(any(test, feature = "fuzzing"))]
pub mod tap;
mod tcp;
#[cfg(test)]
mod testkit;
#[cfg(test)]
mod tests;
mod tls;
mod websocket;

pub use attested::{Attested, AttestedAnswer, Attestor};
pub use decap::{DecapConfig, TunnelPorts};
pub use fragments::{FragmentConfig, FragmentPolicy};
pub use frame::{Frame, LinkType};
pub use http::{Decoys, GatewayAt, GatewayProfile, HttpConfig};
pub use sensor::{Counts, Sensor, SensorConfig, Shard};
pub use tcp::{OverlapPolicy, TcpConfig};
pub use tls::{TlsConfig, TlsFlow};
