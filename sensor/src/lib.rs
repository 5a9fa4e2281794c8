//! The sensor room: frames in, API calls and counted losses out. Clear credentials never pass `ApiCall`; nothing here
//! knows the engine or writes to the network.

mod body;
pub mod capture;
mod flow;
mod frame;
mod half;
mod handshakes;
mod http;
mod identity;
mod segment;
mod sensor;
mod seq;
mod stream;
mod table;
#[cfg(test)]
mod testkit;
#[cfg(test)]
mod tests;

pub use frame::{Frame, LinkType};
pub use http::{Decoys, HttpConfig};
pub use sensor::{Counts, Sensor, SensorConfig, Shard};
