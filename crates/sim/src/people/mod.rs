//! People: sorts of honest clients with their shares, rates and habits.

mod actor;
mod habits;
mod objects;
mod schedule;
mod session;

pub(crate) use actor::Actor;
pub(crate) use habits::{habits, mix_of};
pub(crate) use schedule::Clock;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A sort of client. Honest ones first; an attack's actors are `Attacker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Archetype {
    /// The app on a phone: short-lived tokens, carrier NAT and home network, background refreshes.
    Mobile,
    /// The web page in a browser: cookies, parallel fetches, often behind an office's NAT.
    Web,
    /// The app behind a company's one proxy address.
    ProxyMobile,
    /// A partner's batch: walks through what it is entitled to, number by number.
    Partner,
    /// A device that asks at a fixed period.
    Poller,
    /// Reports and exports, monthly and weekly.
    Reports,
    /// Support staff: objects of strangers, all day.
    Support,
    /// Administrators.
    Admin,
    /// An allow-listed crawler of what is public.
    Crawler,
    /// Health checks.
    Monitor,
    /// Developers: odd calls, errors, a sandbox's habits.
    Developer,
    /// Editors with many small or large changes.
    Editor,
    /// Several devices of one account.
    Family,
    /// On the road: another country, hotel networks, VPN exits.
    Traveller,
    /// An assistant that acts for its user: bursts over many routes.
    Agent,
    /// Part of an attack.
    Attacker,
}

impl Archetype {
    /// Every sort.
    pub const ALL: [Self; 16] = [
        Self::Mobile,
        Self::Web,
        Self::ProxyMobile,
        Self::Partner,
        Self::Poller,
        Self::Reports,
        Self::Support,
        Self::Admin,
        Self::Crawler,
        Self::Monitor,
        Self::Developer,
        Self::Editor,
        Self::Family,
        Self::Traveller,
        Self::Agent,
        Self::Attacker,
    ];

    /// Its name in outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Web => "web",
            Self::ProxyMobile => "proxy_mobile",
            Self::Partner => "partner",
            Self::Poller => "poller",
            Self::Reports => "reports",
            Self::Support => "support",
            Self::Admin => "admin",
            Self::Crawler => "crawler",
            Self::Monitor => "monitor",
            Self::Developer => "developer",
            Self::Editor => "editor",
            Self::Family => "family",
            Self::Traveller => "traveller",
            Self::Agent => "agent",
            Self::Attacker => "attacker",
        }
    }
}

impl fmt::Display for Archetype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Archetype {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|one| one.name() == text).ok_or(())
    }
}
