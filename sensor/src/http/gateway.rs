//! Gateways: the odd forms of a request and the answer to it in, how sure its reading is out. Never looks at a body.

use ipnet::IpNet;
use model::{Ambiguities, Ambiguity};
use std::net::SocketAddr;

use super::forms::{Forms, Take};

/// The software that reads the requests first. It decides what odd requests mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GatewayProfile {
    /// nginx, as version 1.22 was measured.
    Nginx,
    /// HAProxy, as version 2.6 was measured.
    Haproxy,
    /// Envoy, by its documentation.
    Envoy,
    /// Anything else: every form that gateways are known to read differently is ambiguous.
    #[default]
    Generic,
}

impl GatewayProfile {
    /// Every one, with its name in settings.
    pub const ALL: [(&'static str, Self); 4] = [
        ("nginx", Self::Nginx),
        ("haproxy", Self::Haproxy),
        ("envoy", Self::Envoy),
        ("generic", Self::Generic),
    ];

    /// The profile of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, profile)| *profile)
    }
}

/// A server's gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayAt {
    /// Addresses of the server side.
    pub net: IpNet,
    /// Its port; `None` for every port.
    pub port: Option<u16>,
    /// What stands there.
    pub profile: GatewayProfile,
}

impl GatewayAt {
    pub(super) fn is_at(&self, server: SocketAddr) -> bool {
        self.net.contains(&server.ip()) && self.port.is_none_or(|port| port == server.port())
    }
}

/// What the answer settled about an odd request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// Gateway and we read the same.
    Sure,
    /// The gateway refused it: nobody behind it saw it, and whatever follows is not read.
    Refused,
    /// Two readings remain, in these ways.
    Ambiguous(Ambiguities),
}

/// An answer, as far as it shows who gave it.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerLook {
    pub(super) status: u16,
    /// Whether the server says that it closes the connection.
    pub(super) closes: bool,
}

impl AnswerLook {
    /// Whether a gateway that can not read a request answers so.
    fn is_refusal(self) -> bool {
        let wire = matches!(self.status, 400 | 405 | 411 | 413 | 414 | 417 | 421 | 431 | 501 | 505);
        wire && self.closes
    }
}

/// Compares what the profile says of the forms with the answer.
pub(super) fn settle(forms: Forms, profile: GatewayProfile, answer: AnswerLook) -> Settled {
    let all_read = forms.iter().all(|form| form.take(profile) == Take::Reads);
    if all_read {
        return Settled::Sure;
    }
    if answer.is_refusal() {
        return Settled::Refused;
    }
    let doubts = doubts(forms, profile);
    if doubts.is_empty() { Settled::Sure } else { Settled::Ambiguous(doubts) }
}

/// The ways in which forms that were not refused stay ambiguous.
fn doubts(forms: Forms, profile: GatewayProfile) -> Ambiguities {
    kinds(forms, |take| matches!(take, Take::Refuses | Take::Unsure), profile)
}

/// The ways in which forms are ambiguous before any answer.
pub(super) fn open_doubts(forms: Forms, profile: GatewayProfile) -> Ambiguities {
    kinds(forms, |take| take == Take::Unsure, profile)
}

/// The ways in which a request that was never answered is ambiguous.
pub(super) fn unsettled(forms: Forms, profile: GatewayProfile) -> Ambiguities {
    kinds(forms, |take| take != Take::Reads, profile)
}

fn kinds(forms: Forms, wanted: impl Fn(Take) -> bool, profile: GatewayProfile) -> Ambiguities {
    let mut set = Ambiguities::default();
    forms.iter().filter(|form| wanted(form.take(profile))).for_each(|form| set.insert(form.kind()));
    set
}

/// The part of `doubts` that makes later requests doubtful too: where one ends decides where the next begins.
pub(super) fn lasting(doubts: Ambiguities) -> Ambiguities {
    let mut set = Ambiguities::default();
    let lasts = |one: &Ambiguity| matches!(one, Ambiguity::Framing | Ambiguity::Chunks | Ambiguity::Pairing);
    doubts.iter().filter(lasts).for_each(|one| set.insert(one));
    set
}
