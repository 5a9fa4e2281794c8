//! Settings of a simulation: what is asked for in, checked once. Never reads a file.

use std::{fmt, str::FromStr};

use compact_str::CompactString;
use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attack;

/// Most clients of one simulation.
const PRINCIPALS_MAX: u32 = 4_000_000;
/// Most days of one simulation.
const DAYS_MAX: u32 = 800;
/// Most instances of one kind of attack.
const INSTANCES_MAX: u32 = 10_000;

/// What to simulate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimConfig {
    /// Everything follows from it: the same settings and seed give the same calls.
    pub seed: u64,
    /// Which kind of business.
    pub world: WorldName,
    /// Honest clients at the start; new ones come daily. At most 4 million.
    pub principals: u32,
    /// Days, at most 800.
    pub days: u32,
    /// Midnight of the first day.
    pub start: Timestamp,
    /// Which attacks, and how many of each.
    pub attacks: Vec<AttackOrder>,
    /// What happens to everybody at once.
    pub events: Events,
    /// Mean share of calls that the sensor misses, in bursts: 0 to 0.9.
    pub loss: f64,
    /// Factor on the rates of all honest clients: 0.01 to 100.
    pub rate: f64,
    /// Credentials whose owners are remembered for the truth file; 0 for none.
    pub credentials_kept: u32,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            world: WorldName::Shop,
            principals: 2_000,
            days: 3,
            start: Timestamp::from_parts(1_767_571_200, 0),
            attacks: Vec::new(),
            events: Events::Usual,
            loss: 0.0,
            rate: 1.0,
            credentials_kept: 4_000_000,
        }
    }
}

/// Some instances of one kind of attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackOrder {
    /// A name of [`crate::ATTACKS`].
    pub kind: CompactString,
    /// How many.
    pub count: u32,
    /// Factor on its speed.
    #[serde(default = "one")]
    pub pace: f64,
    /// Factor on the number of addresses and accounts that it comes from.
    #[serde(default = "one")]
    pub spread: f64,
    /// How well it copies the software, network and hours of honest clients, 0 to 1; drawn per instance when `None`.
    #[serde(default)]
    pub mimicry: Option<f64>,
    /// Whether it was there before the first day: baselines are learnt with it inside.
    #[serde(default)]
    pub from_start: bool,
}

const fn one() -> f64 {
    1.0
}

impl AttackOrder {
    /// So many of a kind, at their usual speed and spread.
    #[must_use]
    pub fn new(kind: &str, count: u32) -> Self {
        Self { kind: kind.into(), count, pace: 1.0, spread: 1.0, mimicry: None, from_start: false }
    }
}

/// A kind of business with its own routes, objects and habits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorldName {
    /// A shop: catalogue, carts, orders; sequential ids; apps with JWTs, a web page with cookies, partners with keys.
    Shop,
    /// A bank: accounts, payments, statements; UUIDs and composite ids; opaque tokens, strict rights, nothing public.
    Bank,
    /// Software as a service: organisations, projects, documents shared at random; GraphQL beside REST, sparse ids.
    Suite,
}

impl WorldName {
    /// Every world.
    pub const ALL: [Self; 3] = [Self::Shop, Self::Bank, Self::Suite];

    /// Its name in settings and outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Bank => "bank",
            Self::Suite => "suite",
        }
    }
}

impl FromStr for WorldName {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::ALL
            .into_iter()
            .find(|world| world.name() == text)
            .ok_or_else(|| ConfigError(format!("no world {text:?}: shop, bank or suite")))
    }
}

/// What happens to everybody at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Events {
    /// Nothing.
    None,
    /// Each kind of event at its usual rate, at random times.
    Usual,
    /// Every kind of event, spread over the days, however few they are.
    Every,
}

impl FromStr for Events {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "none" => Ok(Self::None),
            "usual" => Ok(Self::Usual),
            "every" => Ok(Self::Every),
            _ => Err(ConfigError(format!("no events {text:?}: none, usual or every"))),
        }
    }
}

/// A setting that cannot be simulated, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub(crate) String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl SimConfig {
    /// # Errors
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refuse = |text: &str| Err(ConfigError(text.to_owned()));
        if self.principals == 0 || self.principals > PRINCIPALS_MAX {
            return refuse("principals must be 1 to 4000000");
        }
        if self.days == 0 || self.days > DAYS_MAX {
            return refuse("days must be 1 to 800");
        }
        if !(0.0..=0.9).contains(&self.loss) {
            return refuse("loss must be 0 to 0.9");
        }
        if !(0.01..=100.0).contains(&self.rate) {
            return refuse("rate must be 0.01 to 100");
        }
        for order in &self.attacks {
            if !attack::ATTACKS.iter().any(|kind| kind.name == order.kind) {
                return Err(ConfigError(format!("no attack {:?}: see `sidewatch sim --list`", order.kind)));
            }
            let is_factor = |x: f64| (0.001..=1_000.0).contains(&x);
            let fits = is_factor(order.pace)
                && is_factor(order.spread)
                && order.mimicry.is_none_or(|share| (0.0..=1.0).contains(&share));
            if !fits || order.count > INSTANCES_MAX {
                return Err(ConfigError(format!(
                    "attack {}: at most {INSTANCES_MAX}, pace and spread 0.001 to 1000, mimicry 0 to 1",
                    order.kind
                )));
            }
        }
        Ok(())
    }
}

impl FromStr for AttackOrder {
    type Err = ConfigError;

    /// `KIND`, `KIND=N`, and after it any of `,pace=X`, `,spread=X`, `,mimicry=X`, `,from_start`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let bad =
            || ConfigError(format!("{text:?} is not KIND=N[,pace=X][,spread=X][,mimicry=X][,from_start]"));
        let mut parts = text.split(',');
        let first = parts.next().unwrap_or_default();
        let (kind, count) = first.split_once('=').unwrap_or((first, "1"));
        let mut order = Self::new(kind, count.parse().map_err(|_| bad())?);
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let number = || value.parse::<f64>().map_err(|_| bad());
            match name {
                "pace" => order.pace = number()?,
                "spread" => order.spread = number()?,
                "mimicry" => order.mimicry = Some(number()?),
                "from_start" if value.is_empty() => order.from_start = true,
                _ => return Err(bad()),
            }
        }
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_by_table() {
        let mut wanted = AttackOrder::new("bola_slow", 3);
        (wanted.pace, wanted.from_start) = (0.5, true);
        assert_eq!("bola_slow=3,pace=0.5,from_start".parse(), Ok(wanted));
        assert_eq!("decoy".parse(), Ok(AttackOrder::new("decoy", 1)));
        assert!("decoy=x".parse::<AttackOrder>().is_err());
        assert!("decoy=1,speed=2".parse::<AttackOrder>().is_err());
    }

    #[test]
    fn what_cannot_be_simulated_is_refused_by_name() {
        let config = SimConfig { attacks: vec![AttackOrder::new("nonsense", 1)], ..SimConfig::default() };
        assert!(config.check().expect_err("no such kind").to_string().contains("nonsense"));
        assert!(SimConfig { loss: 1.5, ..SimConfig::default() }.check().is_err());
        assert_eq!(SimConfig::default().check(), Ok(()));
    }
}
