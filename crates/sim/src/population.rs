//! Population: who belongs to what, who lets whom see his things. The graph is never told to anybody who detects.

use compact_str::CompactString;

use crate::{
    rng::{mix, zipf},
    text,
};

/// Users, organisations, and what holds between them. Worked out from numbers, never stored.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    pub(crate) users: u32,
    pub(crate) orgs: u32,
    seed: u64,
    /// Two organisations that became one.
    merged: Option<(u32, u32)>,
}

impl Population {
    pub(crate) fn new(users: u32, seed: u64) -> Self {
        Self { users, orgs: (users / 25).max(6), seed: mix(seed, 0x0070_6f70), merged: None }
    }

    /// The organisation of a user; sizes follow Zipf's law.
    pub(crate) fn org_of(&self, user: u32) -> u32 {
        #[expect(clippy::cast_precision_loss, reason = "any quantile will do")]
        let quantile = (mix(self.seed, u64::from(user)) >> 11) as f64 / (1_u64 << 53) as f64;
        // Half of everybody is in a company, half is in a shop of one's own among the smaller ones.
        zipf(0.25 + 0.75 * quantile, self.orgs)
    }

    /// Whether members of an organisation may see what is another's.
    pub(crate) fn is_one(&self, mine: u32, theirs: u32) -> bool {
        mine == theirs
            || self.merged.is_some_and(|(a, b)| (mine, theirs) == (a, b) || (mine, theirs) == (b, a))
    }

    pub(crate) fn merge(&mut self, a: u32, b: u32) {
        self.merged = Some((a, b));
    }

    /// The organisation that became one with this.
    pub(crate) fn twin(&self, org: u32) -> Option<u32> {
        let (a, b) = self.merged?;
        if org == a { Some(b) } else { (org == b).then_some(a) }
    }

    /// How many share their things with a user: most with nobody, a few with very many.
    fn circle(&self, user: u32) -> u32 {
        let hash = mix(self.seed ^ 0xc1, u64::from(user)) % 1_000;
        match hash {
            0..450 => 0,
            450..750 => 1 + u32::try_from(hash % 3).unwrap_or(0),
            750..980 => 3 + u32::try_from(hash % 6).unwrap_or(0),
            _ => 20 + u32::try_from(hash % 40).unwrap_or(0),
        }
    }

    /// One of those who share their things with a user.
    pub(crate) fn friend(&self, user: u32, hash: u64) -> Option<u32> {
        let n = self.circle(user);
        (n > 0).then(|| self.nth_friend(user, u32::try_from(hash % u64::from(n)).unwrap_or(0)))
    }

    fn nth_friend(&self, user: u32, nth: u32) -> u32 {
        let hash = mix(self.seed ^ 0xf2, u64::from(user) << 8 | u64::from(nth));
        // Two in three are near: families and teams signed up together.
        let near = u32::try_from(hash % 12).unwrap_or(0);
        if hash >> 32 & 3 < 2 {
            (user + 1 + near) % self.users
        } else {
            u32::try_from((hash >> 8) % u64::from(self.users.max(1))).unwrap_or(0)
        }
    }

    /// Whether an owner lets a user see his things.
    pub(crate) fn shares(&self, owner: u32, user: u32) -> bool {
        owner == user || (0..self.circle(user)).any(|nth| self.nth_friend(user, nth) == owner)
    }

    /// Whether a user agreed that a partner handles his things.
    pub(crate) fn consents(&self, user: u32, partner: u32) -> bool {
        mix(self.seed ^ 0xa9 ^ u64::from(partner) << 32, u64::from(user)).is_multiple_of(5)
    }

    pub(crate) fn login(&self, user: u32) -> CompactString {
        text::login_name(user, self.seed)
    }

    /// A user's password; his own, or a common one.
    pub(crate) fn password(&self, user: u32) -> CompactString {
        let hash = mix(self.seed ^ 0x9a, u64::from(user));
        if hash.is_multiple_of(40) {
            common_password(hash >> 8)
        } else {
            compact_str::format_compact!("Pw-{hash:016x}")
        }
    }
}

/// One of the passwords that everybody tries.
pub(crate) fn common_password(hash: u64) -> CompactString {
    const COMMON: [&str; 12] = [
        "123456",
        "password",
        "qwerty123",
        "Summer2026!",
        "iloveyou",
        "admin123",
        "welcome1",
        "letmein",
        "football",
        "monkey12",
        "abc12345",
        "Password1",
    ];
    COMMON[(hash % COMMON.len() as u64) as usize].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sharing_is_uneven_and_goes_one_way() {
        let people = Population::new(2_000, 4);
        let circles: Vec<_> = (0..2_000).map(|user| people.circle(user)).collect();
        assert!(circles.iter().filter(|n| **n == 0).count() > 700);
        assert!(circles.iter().any(|n| *n >= 20));
        let user = (0..2_000).find(|user| people.circle(*user) > 0).expect("somebody");
        let friend = people.friend(user, 0).expect("one");
        assert!(people.shares(friend, user));
    }

    #[test]
    fn a_merger_opens_both_sides() {
        let mut people = Population::new(2_000, 4);
        assert!(!people.is_one(3, 4));
        people.merge(3, 4);
        assert!(people.is_one(4, 3) && people.twin(3) == Some(4));
    }
}
