//! Origins: how callers come to each host, of their own or because the page of another site makes their browser call, in;
//! whether that is how an application is built, out. Who must be told apart: a victim whose browser an attacker's page sends
//! through strangers' objects, and an application whose pages and interface are on two hosts.

use serde::{Deserialize, Serialize};

/// Hosts told apart; some count as one.
const HOSTS: usize = 64;
/// Calls after which a caller votes, and those of them that another site caused which make it one of those.
const CALLS: u8 = 20;
const CROSSING: u8 = 10;
/// Callers of a host, and their share in percent, of whom most calls are caused by another site, from which that is how it is built.
const CALLERS_MIN: u32 = 10;
const PERCENT: u32 = 5;

/// Callers of each host, and those whose calls another site causes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origins(Vec<[u32; 2]>);

impl Default for Origins {
    fn default() -> Self {
        Self(vec![[0; 2]; HOSTS])
    }
}

/// Of one caller: its first calls, and those of them that another site caused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Arrivals {
    calls: u8,
    crossing: u8,
}

impl Origins {
    /// Takes a call of a caller.
    pub(crate) fn take(&mut self, arrivals: &mut Arrivals, host: &str, crosses: bool) {
        if arrivals.calls >= CALLS {
            return;
        }
        arrivals.calls += 1;
        arrivals.crossing += u8::from(crosses);
        if arrivals.calls == CALLS
            && let Some([callers, crossing]) = self.0.get_mut(place(host))
        {
            *callers = callers.saturating_add(1);
            *crossing = crossing.saturating_add(u32::from(arrivals.crossing >= CROSSING));
        }
    }

    /// Whether it is usual for callers of a host that another site causes their calls.
    pub(crate) fn are_usual(&self, host: &str) -> bool {
        let [callers, crossing] = self.0.get(place(host)).copied().unwrap_or_default();
        crossing >= CALLERS_MIN && u64::from(crossing) * 100 >= u64::from(callers) * u64::from(PERCENT)
    }

    pub(crate) fn settle(&self) -> Option<()> {
        (self.0.len() == HOSTS).then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * size_of::<[u32; 2]>()
    }
}

fn place(host: &str) -> usize {
    // FNV-1a: which hosts share a place decides nothing but whose callers are counted together.
    let hash = host.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 32) as usize % HOSTS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callers(origins: &mut Origins, count: u32, crosses: bool) {
        for _ in 0..count {
            let mut arrivals = Arrivals::default();
            (0..30).for_each(|_| origins.take(&mut arrivals, "api.example", crosses));
        }
    }

    #[test]
    fn an_application_on_two_hosts_is_one_and_a_few_victims_are_not() {
        let mut origins = Origins::default();
        callers(&mut origins, 300, false);
        callers(&mut origins, 9, true);
        assert!(!origins.are_usual("api.example"));
        callers(&mut origins, 40, true);
        assert!(origins.are_usual("api.example") && !origins.are_usual("www.example"));
    }
}
