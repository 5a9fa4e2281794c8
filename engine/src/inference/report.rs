//! What is known of credentials, for people: fields with their state and the reason in words. Never a value.

use model::{CredentialRecord, CredentialState, PrincipalKind};

use super::{
    Inference,
    field::{Field, State},
    host::Host,
    rule::{self, Grounds},
};

/// Calls from which a field that was not inferred is told.
const TOLD_FROM_CALLS: u64 = 20;

impl Inference {
    /// Credentials by host, then by how many calls show them.
    pub(crate) fn report(&self) -> Vec<CredentialRecord> {
        let mut records: Vec<_> = self.hosts.iter().flat_map(Host::report).collect();
        records.sort_by(|a, b| {
            (&a.host, std::cmp::Reverse(a.calls), &a.name).cmp(&(
                &b.host,
                std::cmp::Reverse(b.calls),
                &b.name,
            ))
        });
        records
    }
}

impl Host {
    fn report(&self) -> Vec<CredentialRecord> {
        let known = [
            (PrincipalKind::Token, "bearer tokens"),
            (PrincipalKind::ApiKey, "API keys"),
            (PrincipalKind::Cookie, "session cookies"),
        ];
        let known = known.into_iter().zip(self.known).filter(|(_, calls)| *calls > 0);
        let known = known.map(|((kind, what), calls)| CredentialRecord {
            host: self.name.clone(),
            place: None,
            name: what.into(),
            kind,
            state: CredentialState::Known,
            since: None,
            first: self.first,
            last: self.last,
            calls,
            values: 0,
            reason: "known name".to_owned(),
        });
        let told =
            |(_, field): &(usize, &Field)| field.state != State::Open || field.calls >= TOLD_FROM_CALLS;
        let inferred = self.fields.iter().enumerate().filter(told).map(|(at, field)| self.record(at, field));
        known.chain(inferred).collect()
    }

    fn record(&self, at: usize, field: &Field) -> CredentialRecord {
        let grounds = rule::grounds(self, at);
        let (state, since) = match field.state {
            State::Open => (CredentialState::Possible, None),
            State::Inferred(since) => (CredentialState::Inferred, Some(since)),
            State::Withdrawn(since) => (CredentialState::Withdrawn, Some(since)),
        };
        CredentialRecord {
            host: self.name.clone(),
            place: Some(field.place),
            name: field.name.clone(),
            kind: field.kind,
            state,
            since,
            first: field.first,
            last: field.last,
            calls: field.calls,
            values: whole(field.recurrence().values),
            reason: self.reason(field, &grounds),
        }
    }

    fn reason(&self, field: &Field, grounds: &Grounds) -> String {
        let seen = field.recurrence();
        let each = round(share(field.served, whole(seen.values)));
        let mut parts = vec![format!(
            "{} values, each used {each} times from {} networks on average",
            whole(seen.values),
            round(seen.networks)
        )];
        let (good, away) = (self.good.saturating_sub(field.good), self.away.saturating_sub(field.away));
        if self.away > 0 {
            parts.push(format!(
                "where callers are turned away: without it {} of {} calls, with it {} of {}",
                percent(away, good + away),
                good + away,
                percent(field.away, field.good + field.away),
                field.good + field.away
            ));
        }
        let weighed = grounds.weighed;
        if weighed.without > 0.0 {
            parts.push(format!(
                "callers alike in all else: without it {:.0} % of {:.0}, with it {:.0} % of {:.0}, evidence 10^{:.0}",
                weighed.away_without * 100.0,
                weighed.without,
                weighed.away_with * 100.0,
                weighed.with,
                (weighed.ln_evidence / std::f64::consts::LN_10).max(0.0)
            ));
        }
        let [needs, spares] = grounds.paired;
        if needs + spares > 0 {
            parts.push(format!("{needs} addresses needed it, {spares} did not"));
        }
        let handed = field.handed;
        if handed.login + handed.other > 0 {
            parts.push(format!(
                "{} values came from accepted passwords, {} from other answers",
                handed.login, handed.other
            ));
        }
        if field.state == State::Open && !grounds.recurs {
            parts.push("its values do not recur as credentials of single callers do".to_owned());
        }
        parts.join("; ")
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn share(part: u64, all: u64) -> f64 {
    part as f64 / all.max(1) as f64
}

fn percent(part: u64, all: u64) -> String {
    format!("{:.1} %", share(part, all) * 100.0)
}

fn round(n: f64) -> f64 {
    (n * 10.0).round() / 10.0
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate, positive")]
fn whole(n: f64) -> u64 {
    n.round() as u64
}
