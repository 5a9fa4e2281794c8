//! Habits: how often each sort of client comes, what it does and where it sits. The shares and rates of real populations,
//! wide around their middle.

use super::{Archetype, schedule::Profile};
use crate::{
    looks::Family,
    nets::Net,
    rng::Rng,
    world::{Login, Who, World},
};

/// How a sort of client lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Share of all clients.
    pub(crate) share: f64,
    /// Visits a day and calls a visit, both medians; how far apart clients are (sigma of a log-normal).
    pub(crate) visits: f64,
    pub(crate) calls: f64,
    pub(crate) sigma: f64,
    /// Seconds between two calls, median.
    pub(crate) think: f64,
    /// Names of flows with their weights.
    pub(crate) flows: &'static [(&'static str, f64)],
    /// Where it sits, with weights.
    pub(crate) nets: &'static [(Net, f64)],
    pub(crate) families: &'static [Family],
    pub(crate) profile: Profile,
    pub(crate) role: u8,
    /// How it shows who it is.
    pub(crate) login: Via,
    /// Name of its client application, and into how many it is divided.
    pub(crate) client: (&'static str, u32),
}

/// Which of a world's ways to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    App,
    Page,
    Partner,
    Key,
    Nothing,
}

impl Via {
    pub(crate) const fn login(self, world: &World) -> Login {
        match self {
            Self::App => world.app,
            Self::Page => world.page,
            Self::Partner => world.partner,
            Self::Key => Login::Key,
            Self::Nothing => Login::Nobody,
        }
    }
}

const PHONE: Habits = Habits {
    share: 0.45,
    visits: 2.4,
    calls: 7.0,
    sigma: 1.0,
    think: 5.0,
    flows: &[("customer", 7.0), ("background", 3.0)],
    nets: &[(Net::Home, 5.0), (Net::Carrier, 4.0), (Net::Office, 1.0)],
    families: &[Family::Apple, Family::Android],
    profile: Profile::Evening,
    role: Who::CUSTOMER,
    login: Via::App,
    client: ("mobile", 1),
};

const WEB: Habits = Habits {
    share: 0.25,
    visits: 1.6,
    calls: 16.0,
    sigma: 0.95,
    think: 9.0,
    flows: &[("web", 8.0), ("customer", 2.0)],
    nets: &[(Net::Home, 6.5), (Net::Office, 3.5)],
    families: &[Family::Browser],
    profile: Profile::Office,
    login: Via::Page,
    client: ("web", 1),
    ..PHONE
};

const PROXY_MOBILE: Habits =
    Habits { share: 0.03, nets: &[(Net::Proxy, 1.0)], profile: Profile::Office, ..PHONE };

const PARTNER: Habits = Habits {
    share: 0.005,
    visits: 6.0,
    calls: 150.0,
    sigma: 1.1,
    think: 0.4,
    flows: &[("partner", 1.0)],
    nets: &[(Net::Hosting, 1.0)],
    families: &[Family::Script],
    profile: Profile::Night,
    role: Who::PARTNER,
    login: Via::Partner,
    client: ("partner", 0),
};

const POLLER: Habits = Habits {
    share: 0.08,
    visits: 400.0,
    calls: 1.0,
    sigma: 0.9,
    think: 1.0,
    flows: &[("poll", 1.0)],
    nets: &[(Net::Home, 7.0), (Net::Office, 3.0)],
    families: &[Family::Device],
    profile: Profile::Always,
    role: Who::PARTNER,
    login: Via::Key,
    client: ("device", 1),
};

const REPORTS: Habits = Habits {
    share: 0.005,
    visits: 0.4,
    calls: 220.0,
    sigma: 1.0,
    think: 0.8,
    flows: &[("bi", 1.0)],
    nets: &[(Net::Hosting, 1.0)],
    families: &[Family::Script],
    profile: Profile::Night,
    role: Who::PARTNER,
    login: Via::Key,
    client: ("reports", 1),
};

const SUPPORT: Habits = Habits {
    share: 0.01,
    visits: 14.0,
    calls: 14.0,
    sigma: 0.7,
    think: 14.0,
    flows: &[("support", 1.0)],
    nets: &[(Net::Proxy, 8.0), (Net::Home, 2.0)],
    families: &[Family::Browser],
    profile: Profile::Office,
    role: Who::STAFF,
    login: Via::App,
    client: ("backoffice", 1),
};

const ADMIN: Habits = Habits {
    share: 0.002,
    visits: 2.0,
    calls: 8.0,
    sigma: 0.9,
    think: 15.0,
    flows: &[("admin", 6.0), ("support", 4.0)],
    nets: &[(Net::Proxy, 6.0), (Net::Exit, 1.0), (Net::Home, 3.0)],
    families: &[Family::Browser],
    profile: Profile::Office,
    role: Who::ADMIN | Who::STAFF,
    login: Via::App,
    client: ("backoffice", 1),
};

const CRAWLER: Habits = Habits {
    share: 0.001,
    visits: 10.0,
    calls: 90.0,
    sigma: 0.9,
    think: 3.0,
    flows: &[("crawler", 1.0)],
    nets: &[(Net::Hosting, 1.0)],
    families: &[Family::Crawler],
    profile: Profile::Always,
    role: 0,
    login: Via::Nothing,
    client: ("crawler", 1),
};

const MONITOR: Habits = Habits {
    share: 0.001,
    visits: 1_440.0,
    calls: 1.0,
    sigma: 0.4,
    think: 0.5,
    flows: &[("monitor", 1.0)],
    nets: &[(Net::Hosting, 1.0)],
    families: &[Family::Monitor],
    profile: Profile::Always,
    role: 0,
    login: Via::Nothing,
    client: ("monitor", 1),
};

const DEVELOPER: Habits = Habits {
    share: 0.01,
    visits: 5.0,
    calls: 22.0,
    sigma: 1.2,
    think: 7.0,
    flows: &[("developer", 8.0), ("customer", 2.0)],
    nets: &[(Net::Office, 6.0), (Net::Home, 3.0), (Net::Exit, 1.0)],
    families: &[Family::Script, Family::Browser],
    profile: Profile::Office,
    client: ("sandbox", 1),
    ..PHONE
};

const EDITOR: Habits = Habits {
    share: 0.02,
    visits: 4.0,
    calls: 26.0,
    sigma: 1.1,
    think: 6.0,
    flows: &[("editor", 7.0), ("web", 3.0)],
    nets: &[(Net::Office, 6.0), (Net::Home, 4.0)],
    families: &[Family::Browser],
    profile: Profile::Office,
    login: Via::Page,
    client: ("web", 1),
    ..PHONE
};

const FAMILY: Habits =
    Habits { share: 0.05, visits: 1.6, nets: &[(Net::Home, 8.0), (Net::Carrier, 2.0)], ..PHONE };

const TRAVELLER: Habits = Habits {
    share: 0.02,
    nets: &[(Net::Road, 5.0), (Net::Exit, 2.0), (Net::Carrier, 2.0), (Net::Home, 1.0)],
    families: &[Family::Apple, Family::Android, Family::Browser],
    ..PHONE
};

const AGENT: Habits = Habits {
    share: 0.02,
    visits: 1.8,
    calls: 34.0,
    sigma: 1.2,
    think: 0.7,
    flows: &[("agent", 1.0)],
    nets: &[(Net::Hosting, 1.0)],
    families: &[Family::Assistant],
    profile: Profile::Always,
    client: ("assistant", 3),
    ..PHONE
};

const ATTACKER: Habits = Habits { share: 0.0, ..PHONE };

/// How this sort lives.
pub(crate) const fn habits(archetype: Archetype) -> Habits {
    match archetype {
        Archetype::Mobile => PHONE,
        Archetype::Web => WEB,
        Archetype::ProxyMobile => PROXY_MOBILE,
        Archetype::Partner => PARTNER,
        Archetype::Poller => POLLER,
        Archetype::Reports => REPORTS,
        Archetype::Support => SUPPORT,
        Archetype::Admin => ADMIN,
        Archetype::Crawler => CRAWLER,
        Archetype::Monitor => MONITOR,
        Archetype::Developer => DEVELOPER,
        Archetype::Editor => EDITOR,
        Archetype::Family => FAMILY,
        Archetype::Traveller => TRAVELLER,
        Archetype::Agent => AGENT,
        Archetype::Attacker => ATTACKER,
    }
}

/// The sorts of so many clients, as a seed has it: each share half as much to half as much again; at least one of each.
pub(crate) fn mix_of(principals: u32, rng: &mut Rng) -> Vec<Archetype> {
    let shares: Vec<(Archetype, f64)> = Archetype::ALL
        .into_iter()
        .map(|archetype| (archetype, habits(archetype).share * (0.5 + rng.unit())))
        .filter(|(_, share)| *share > 0.0)
        .collect();
    let honest = u32::try_from(shares.len()).unwrap_or(0);
    (0..principals)
        .map(|at| {
            let one = if at < honest && principals >= 4 * honest {
                at as usize
            } else {
                rng.weighted(shares.iter().map(|(_, share)| *share))
            };
            shares.get(one).map_or(Archetype::Mobile, |(archetype, _)| *archetype)
        })
        .collect()
}
