//! Worth of callers' rows: what is known of one in, who goes first when a table is full out. Never keeps somebody for ever.

use std::time::Duration;

use crate::{
    subjects::Subject,
    table::{FIRST_CALLS, Worth},
};

/// Time after which a row that nobody uses is worth no more than a newcomer's.
const IDLE: Duration = Duration::from_secs(14 * 86_400);

impl Worth for Subject {
    fn worth(&self) -> u32 {
        let suspicious = if self.foreign.strongest().max(self.probing.strongest()) > 1e3 { 40 } else { 0 };
        let odd = if self.logins.is_some() || self.suspicion.is_some() { 2 } else { 0 };
        let credential = if self.principal.kind.is_credential() { 4 } else { 0 };
        let age = self.last.since(self.first).as_secs();
        let grown = u32::try_from(age / 60).unwrap_or(u32::MAX).min(16);
        self.served.min(20) + credential + suspicious + odd + grown
    }

    /// A table full of those who were known well once is no place for those who come now.
    fn yields_to(&self, newcomer: &Self) -> bool {
        let idle = newcomer.last.since(self.last) > IDLE;
        idle || self.worth() <= newcomer.worth().saturating_add(FIRST_CALLS)
    }
}

#[cfg(test)]
mod tests {
    use model::{Principal, PrincipalKind, Pseudonyms, Timestamp};

    use crate::{subjects::Subject, table::Table};

    #[test]
    fn those_who_stay_away_make_room() {
        let names = Pseudonyms::new([1; 16]);
        let who = |n: u32| -> Principal { names.credential(PrincipalKind::Token, &n.to_be_bytes()) };
        let mut table: Table<_, Subject> = Table::within(0);
        let mut enter = |n: u32, second: i64, served: u32| {
            let at = Timestamp::from_parts(second, 0);
            let mut subject = Subject::new(who(n), Timestamp::ZERO);
            (subject.last, subject.served) = (at, served);
            _ = table.insert(subject.principal.id, subject);
            (0..40).filter(|n| table.get(who(*n).id).is_some()).count()
        };
        (0..40).for_each(|n| _ = enter(n, 3_600, 20));
        let mut left = 0;
        (1_000..9_000).for_each(|n| left = enter(n, 86_400, 0));
        assert_eq!(left, 40);
        (10_000..18_000).for_each(|n| left = enter(n, 20 * 86_400, 0));
        assert!(left < 10, "{left}");
    }
}
