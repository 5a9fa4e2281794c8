//! HTTP settings: plain values in, limits and names for the readers out. Never reads a file.

use std::net::SocketAddr;

use ipnet::IpNet;

use super::{Decoys, GatewayAt, GatewayProfile};

/// Most bytes that what came before takes.
const REMEMBERED_BYTES_MAX: usize = 24 << 20;
/// Least.
const REMEMBERED_BYTES_MIN: usize = 1 << 20;

/// What the HTTP side of the sensor is told.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Bytes of a message head. A longer one is skipped as `Loss::HeadTooLong`.
    pub head_bytes_max: usize,
    /// Header fields of a message head, at most 256. More make it a `Loss::HeadTooLong`.
    pub headers_max: usize,
    /// Open requests per flow. One more and the oldest is given up as `Loss::TooManyOpen`.
    pub open_requests_max: usize,
    /// Whether bodies are searched for ids, logins and issued credentials.
    pub inspect_bodies: bool,
    /// Bytes of a body, decoded, that are looked at; the rest is only counted.
    pub body_bytes_max: usize,
    /// Decoded bytes per coded byte of a body that are looked at, beyond the first 64 KiB.
    pub body_ratio_max: u32,
    /// Bytes that all decoders at work may take; a body past it stays unread as `Loss::BodyUnread`.
    pub decoder_bytes_max: usize,
    /// Bytes that header blocks, answers and credentials which came before may take: at most 24 MiB, at least 1 MiB.
    pub remembered_bytes_max: usize,
    /// Further header names that carry API keys.
    pub api_key_headers: Vec<String>,
    /// Further query names that carry API keys.
    pub api_key_queries: Vec<String>,
    /// Further cookie names that carry sessions; they win over the names we guess.
    pub session_cookies: Vec<String>,
    /// Whether fields that no rule knows are told as candidates when their values look like secrets.
    pub infer_credentials: bool,
    /// Peers whose `X-Forwarded-For` and `Forwarded` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What reads requests first, where `gateways` names nothing else.
    pub gateway: GatewayProfile,
    /// What reads requests first, by server; the first entry that fits counts. At most 1024.
    pub gateways: Vec<GatewayAt>,
    /// Paths and values that no honest caller touches.
    pub decoys: Decoys,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            head_bytes_max: 65_536,
            headers_max: 128,
            open_requests_max: 128,
            inspect_bodies: true,
            body_bytes_max: 65_536,
            body_ratio_max: 200,
            decoder_bytes_max: 32 << 20,
            remembered_bytes_max: REMEMBERED_BYTES_MAX,
            api_key_headers: Vec::new(),
            api_key_queries: Vec::new(),
            session_cookies: Vec::new(),
            infer_credentials: true,
            trusted_proxies: Vec::new(),
            gateway: GatewayProfile::default(),
            gateways: Vec::new(),
            decoys: Decoys::default(),
        }
    }
}

impl HttpConfig {
    /// The part of `most` places that what came before may have.
    pub(crate) fn remembered(&self, most: usize) -> usize {
        let bytes = self.remembered_bytes_max.clamp(REMEMBERED_BYTES_MIN, REMEMBERED_BYTES_MAX);
        let part = most * (bytes >> 10) / (REMEMBERED_BYTES_MAX >> 10);
        // A power of two that is no more than that.
        1 << part.max(1).ilog2()
    }

    /// What reads the requests to a server first.
    pub(crate) fn profile(&self, server: SocketAddr) -> GatewayProfile {
        let found = self.gateways.iter().find(|gateway| gateway.is_at(server));
        found.map_or(self.gateway, |gateway| gateway.profile)
    }
}
