//! The scene of one call: everything known of it before judging. Never judges, never learns.

use std::net::IpAddr;

use model::{ApiCall, Outcome, Timestamp};
use smallvec::SmallVec;

use crate::{
    age::Age,
    cohorts::Cohort,
    hash::{Tag, mix},
    routes::{Presented, RouteId, Sighting, is_static},
};

/// One call with everything known about it before judging.
pub(crate) struct Scene<'a> {
    pub(crate) call: &'a ApiCall,
    pub(crate) seen: Sighting,
    /// Slots of the subjects that answer for this call.
    pub(crate) judged: SmallVec<[usize; 2]>,
    /// The address answers, since no good credential was shown.
    pub(crate) by_address: bool,
    /// Tags that speak for the caller.
    pub(crate) tags: SmallVec<[Tag; 4]>,
    /// The tag under which it owns things.
    pub(crate) owner: Tag,
    pub(crate) outcome: Outcome,
    pub(crate) presented: Presented,
    /// Days since the epoch.
    pub(crate) day: u16,
    /// Attested well enough to act on.
    pub(crate) attested: bool,
    /// Whose peers the first judged subject is among, and how long it has been known.
    pub(crate) cohort: Cohort,
    pub(crate) age: Age,
    /// The service is failing for many at this time: errors and retries say nothing of callers.
    pub(crate) outage: bool,
    pub(crate) deed: Deed,
    /// Records that the answer held: items of its outermost list, or 1 for one object; 0 when nothing was given.
    #[allow(dead_code, reason = "for detectors to come")]
    pub(crate) records: u32,
    /// Values of sensitive classes in the answer.
    #[allow(dead_code, reason = "for detectors to come")]
    pub(crate) sensitive: u32,
}

/// What a call does, from its method and answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Deed {
    /// Reads one thing.
    Read,
    /// Reads a collection.
    List,
    /// Creates or changes.
    Write,
    Delete,
    /// Tries a password or asks for a credential.
    SignIn,
    /// Preflights, HEAD, static files: pages and programs do this by themselves. No part of any norm.
    Aside,
}

impl Deed {
    /// Of a call, without regard to who makes it.
    pub(crate) fn of(call: &ApiCall, ends_in_id: bool) -> Self {
        let reads = || if ends_in_id { Self::Read } else { Self::List };
        match call.method.as_str() {
            _ if call.login.is_some() || !call.issued.is_empty() => Self::SignIn,
            "OPTIONS" | "HEAD" | "TRACE" => Self::Aside,
            "GET" if is_static(&call.path) => Self::Aside,
            "GET" | "QUERY" => reads(),
            "DELETE" => Self::Delete,
            _ => Self::Write,
        }
    }
}

impl Scene<'_> {
    pub(crate) fn served(&self) -> bool {
        self.outcome == Outcome::Served
    }

    /// The route, if it is a learnt one.
    #[allow(dead_code, reason = "for detectors to come")]
    pub(crate) fn route(&self) -> Option<RouteId> {
        self.seen.route
    }

    /// Whether it creates, changes or deletes.
    #[allow(dead_code, reason = "for detectors to come")]
    pub(crate) fn is_write(&self) -> bool {
        matches!(self.deed, Deed::Write | Deed::Delete)
    }

    /// Bytes of the answer's body on the wire.
    #[allow(dead_code, reason = "for detectors to come")]
    pub(crate) fn bytes(&self) -> u64 {
        self.call.response_bytes
    }

    /// Hour of the day, 0 to 23, UTC.
    #[allow(dead_code, reason = "for detectors to come")]
    pub(crate) fn hour(&self) -> u8 {
        hour_of(self.call.ended_at)
    }

    /// The call as one symbol of a sequence: its route, or its operation where one URL serves many. 0 without a route.
    #[allow(dead_code, reason = "for detectors to come")]
    pub(crate) fn symbol(&self) -> u32 {
        let Some(RouteId(route)) = self.seen.route else { return 0 };
        let request = self.call.details.as_ref().and_then(|details| details.request.as_ref());
        let operation = request.and_then(|body| body.operations.first());
        let name = operation.map_or(0, |operation| {
            let roots = operation.roots.iter().map(compact_str::CompactString::as_str);
            roots.chain([operation.name.as_str()]).fold(0, |hash, text| mix(hash, word(text)))
        });
        if name == 0 { route + 1 } else { Tag::short(mix(name, u64::from(route))).0 }
    }
}

/// Records, and values of sensitive classes, that the answer of a call held.
pub(crate) fn yielded(call: &ApiCall) -> (u32, u32) {
    if call.outcome() != Outcome::Served || call.status == Some(304) {
        return (0, 0);
    }
    let response = call.details.as_ref().and_then(|details| details.response.as_ref());
    let sensitive = response
        .map_or(0, |body| body.sensitive.iter().fold(0_u32, |sum, part| sum.saturating_add(part.count)));
    let items = response.and_then(|body| body.shape).map_or(0, |shape| shape.items);
    let one = u32::from(call.response_bytes > 0);
    (items.max(u32::try_from(call.given.len()).unwrap_or(0).min(1)).max(one), sensitive)
}

/// The client's network: /24 or /48; inside private and laboratory networks each address by itself.
pub(crate) fn network(call: &ApiCall) -> u32 {
    let bits = match call.client.to_canonical() {
        IpAddr::V4(v4) if v4.is_private() || v4.is_loopback() || v4.is_documentation() => {
            u64::from(v4.to_bits())
        }
        IpAddr::V4(v4) => u64::from(v4.to_bits() >> 8),
        IpAddr::V6(v6) if v6.is_unique_local() || v6.is_loopback() => {
            let [.., high, low] = v6.segments();
            u64::from(high) << 16 | u64::from(low) | 1 << 40
        }
        IpAddr::V6(v6) => (v6.to_bits() >> 80) as u64 | 1 << 50,
    };
    Tag::short(mix(bits, 17)).0
}

/// Hour of the day, 0 to 23, UTC.
pub(crate) fn hour_of(at: Timestamp) -> u8 {
    u8::try_from(at.as_secs() % 86_400 / 3_600).unwrap_or(0)
}

/// Days since the epoch.
pub(crate) fn day_of(at: Timestamp) -> u16 {
    u16::try_from(at.as_secs() / 86_400).unwrap_or(u16::MAX)
}

/// A hash of a short text; good enough for names that the service itself has chosen.
fn word(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A plain call for unit tests.
    pub(crate) fn call() -> ApiCall {
        serde_json::from_str(
            r#"{"at":"2026-02-02T00:00:00Z","id":"0000000000000001","client":"198.51.100.7","peer":"198.51.100.7:4000",
            "server":"203.0.113.1:80","http":"1.1","method":"GET","host":"api.example","path":"/api/orders/1","status":200,
            "request_bytes":0,"response_bytes":100,"duration_us":900,"identities":[],"complete":true,"grade":"A",
            "ended_at":"2026-02-02T00:00:00Z","context":{"agent":1,"headers":2,"language":0,"cross_site":false}}"#,
        )
        .expect("a call")
    }

    #[test]
    fn deeds_follow_from_method_and_path() {
        let mut call = call();
        for (method, path, ends_in_id, expected) in [
            ("GET", "/orders/1", true, Deed::Read),
            ("GET", "/orders", false, Deed::List),
            ("GET", "/app.js", false, Deed::Aside),
            ("POST", "/orders", false, Deed::Write),
            ("DELETE", "/orders/1", true, Deed::Delete),
            ("OPTIONS", "/orders", false, Deed::Aside),
        ] {
            (call.method, call.path) = (method.into(), path.into());
            assert_eq!(Deed::of(&call, ends_in_id), expected, "{method} {path}");
        }
    }
}
