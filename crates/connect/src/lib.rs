//! Gateways: revocations in, requests to HAProxy and webhooks out, and what became of each.
//! Connectors decide what to say and do no I/O; the dispatcher speaks, retries and audits.
//! Never decides who is to be blocked.

mod book;
mod breaker;
mod config;
mod connector;
pub mod connectors;
mod dispatcher;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gateway;
mod map_text;
mod secret;
mod transport;

pub use book::{Book, BookError, Report};
pub use config::{ConfigError, GatewayConfig};
pub use connector::{Connector, Conversation, Duty, Outcome, Place, Reply, Request, Step, Style, Task};
pub use dispatcher::{Clock, Dispatcher, DispatcherHandle};
pub use secret::Secret;
