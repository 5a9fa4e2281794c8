//! Rules of others, on the same calls: each gives a call a score, and an oracle that knows the truth picks the threshold.

mod contest;
mod endpoint;
mod fail2ban;
mod forest;
mod leaky;
mod rate;
mod ratio;
mod window;
mod zscore;

pub use contest::{Contest, ContestScores};

use model::{ApiCall, PrincipalId, Pseudonyms};

/// A rule that scores calls one by one.
pub(crate) trait Baseline: Send {
    /// The score of whoever makes this call, now. Higher is worse; below 0 is never an alarm.
    fn score(&mut self, view: &View<'_>) -> f32;
}

/// A rule's name, what it does and its published threshold.
pub struct Spec {
    /// Its stable name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Whether a score of 1 is the threshold that its authors publish.
    pub published: bool,
    pub(crate) make: fn() -> Box<dyn Baseline>,
}

/// Every rule, in the order of the reports.
pub const BASELINES: [Spec; 7] = [
    Spec {
        name: "token rate limit",
        about: "calls of one credential, or of an address without one, in a minute",
        published: false,
        make: || Box::new(rate::Rate::new()),
    },
    Spec {
        name: "leaky buckets",
        about: "CrowdSec's scenarios per address: probing 10 paths per 10 s, crawl 40 per 0.5 s, brute force 5 per 10 s",
        published: true,
        make: || Box::new(leaky::Leaky::new()),
    },
    Spec {
        name: "fail2ban",
        about: "5 refused sign-ins of an address within 600 s",
        published: true,
        make: || Box::new(fail2ban::Fail2ban::new()),
    },
    Spec {
        name: "hourly z-score",
        about: "calls, errors and endpoints of one credential per hour against its own past",
        published: false,
        make: || Box::new(zscore::Zscore::new()),
    },
    Spec {
        name: "isolation forest",
        about: "half-space trees over hourly features of all credentials (Tan, Ting and Liu, 2011)",
        published: false,
        make: || Box::new(forest::Forest::new()),
    },
    Spec {
        name: "endpoint p99.9",
        about: "calls and distinct objects of one credential per endpoint in 10 minutes against the 99.9th percentile of all",
        published: false,
        make: || Box::new(endpoint::Endpoint::new()),
    },
    Spec {
        name: "failure ratio",
        about: "failed sign-ins of everybody per hour against the past; whoever fails meanwhile",
        published: false,
        make: || Box::new(ratio::Ratio::new()),
    },
];

/// One call as the rules see it.
pub(crate) struct View<'a> {
    pub(crate) call: &'a ApiCall,
    /// Its first credential, or else its address.
    pub(crate) entity: PrincipalId,
    pub(crate) address: PrincipalId,
    /// Hash of method and path with what looks like ids left out.
    pub(crate) endpoint: u64,
    /// Hash of the path as sent.
    pub(crate) target: u64,
    /// Seconds since the epoch.
    pub(crate) second: u64,
}

impl<'a> View<'a> {
    pub(crate) fn of(call: &'a ApiCall, names: &Pseudonyms) -> Self {
        let address = names.address(call.client).id;
        let credential = call.identities.iter().find(|principal| principal.kind.is_credential());
        Self {
            call,
            entity: credential.map_or(address, |principal| principal.id),
            address,
            endpoint: endpoint_of(call),
            target: hash(&[call.method.as_bytes(), call.path.as_bytes()]),
            second: call.at.as_secs(),
        }
    }

    /// Refused with a 4xx.
    pub(crate) fn is_error(&self) -> bool {
        self.call.status.is_some_and(|status| (400..500).contains(&status))
    }

    /// A sign-in that was refused.
    pub(crate) fn is_failed_login(&self) -> bool {
        self.is_error() && (self.call.login.is_some() || self.call.status == Some(401))
    }
}

/// Method and path, with every segment that holds a digit, or is longer than 24 bytes, taken for an id.
fn endpoint_of(call: &ApiCall) -> u64 {
    let is_id = |segment: &&str| segment.len() > 24 || segment.bytes().any(|byte| byte.is_ascii_digit());
    let version = |segment: &&str| segment.len() <= 3 && segment.starts_with('v');
    let segments = call
        .path
        .split('/')
        .map(|segment| if is_id(&segment) && !version(&segment) { &b"*"[..] } else { segment.as_bytes() });
    segments.fold(hash(&[call.method.as_bytes()]), |sum, segment| hash(&[&sum.to_le_bytes(), segment]))
}

/// 64 bits that tell texts apart (FNV-1a with a final mix). No defence against who knows it: nobody attacks a yardstick.
pub(crate) fn hash(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter().chain(&[0xff]));
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mix(sum)
}

/// The finaliser of MurmurHash3.
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

#[cfg(test)]
mod tests;
