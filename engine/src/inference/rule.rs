//! The rule: when a field counts as a credential, and when no longer. A wrong one would blame the wrong caller, so that every
//! doubt speaks against it.

use model::Timestamp;

use super::{
    field::{Field, State},
    host::{Host, KNOWN},
    votes::{Mask, Weighed},
};

/// Evidence, as an e-value, that calls without the field are turned away more often: one in a million fields that have nothing
/// to do with it ever reaches as much, if callers are independent of each other.
const LN_EVIDENCE_MIN: f64 = 13.815_510_557_964_274;
/// Shares turned away without and with it, to begin and to go on.
const AWAY_WITHOUT: [f64; 2] = [0.7, 0.5];
const AWAY_WITH: [f64; 2] = [0.25, 0.4];
/// Values that were used again and again: how many, and their share of all.
const RECURRING_MIN: u32 = 8;
const RECURRING_SHARE: f64 = 0.3;
/// Networks that such a value comes from at most, on average: with more it names an application.
const NETWORKS_MAX: f64 = 4.0;
/// Addresses that got on with it and were turned away without it, and their number for each that got on either way.
const PAIRED_MIN: u32 = 5;
const PAIRED_TIMES: u32 = 5;
/// Share of those turned away that were asked for a credential.
const ASKED_SHARE: f64 = 0.8;
/// Values that came from accepted passwords: how many, their share of all that were handed out to strangers, and the share of
/// the accepted passwords that handed one out.
const FROM_LOGIN_MIN: u32 = 5;
const FROM_LOGIN_SHARE: f64 = 0.8;
const OF_LOGINS_SHARE: f64 = 0.5;
/// The same where nobody is turned away.
const ALONE_LOGIN_MIN: u32 = 12;
const ALONE_LOGIN_SHARE: f64 = 0.95;
/// Calls without it, which hand out nothing.
const ALONE_LACKING_MIN: u64 = 100;
/// Values that got on after they had been turned away, for each distinct value: with more it is no session of a password.
const RISEN_SHARE: f64 = 0.2;
const RISEN_MIN: u32 = 3;
/// Share of the accepted passwords that hand out something that may be a credential.
const GENEROUS_SHARE: f64 = 0.2;
/// Share of the calls with one field that have another too, from which the two belong together.
const TOGETHER: f64 = 0.5;

/// What speaks for a field and against it.
pub(super) struct Grounds {
    pub(super) weighed: Weighed,
    /// Addresses that needed it, and those that did not.
    pub(super) paired: [u32; 2],
    pub(super) from_login: bool,
    pub(super) recurs: bool,
}

/// What a field is from now on.
pub(super) fn state(host: &Host, at: usize, now: Timestamp) -> State {
    let Some(field) = host.fields.get(at) else { return State::Open };
    let holds = match field.state {
        State::Inferred(_) => goes_on(host, at),
        State::Open | State::Withdrawn(_) => begins(host, at),
    };
    match (field.state, holds) {
        (State::Inferred(since), true) => State::Inferred(since),
        (State::Inferred(_), false) => State::Withdrawn(now),
        (_, true) => State::Inferred(now),
        (state, false) => state,
    }
}

/// What is known of a field.
pub(super) fn grounds(host: &Host, at: usize) -> Grounds {
    let bit: Mask = 1 << at;
    let Some(field) = host.fields.get(at) else {
        return Grounds { weighed: Weighed::default(), paired: [0; 2], from_login: false, recurs: false };
    };
    let from_login = is_from_login(host, field);
    // What no login hands out can not be why a login is needed.
    let aside = if from_login { bits(host, |other| !is_from_login(host, other)) & !bit } else { 0 };
    let seen = field.recurrence();
    let needs = host
        .callers
        .iter()
        .filter(|one| one.good_with & bit > 0 && one.away_without & bit > 0 && one.good_without & bit == 0);
    let spares = host.callers.iter().filter(|one| one.good_with & one.good_without & bit > 0);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Grounds {
        weighed: host.votes.weigh(bit, aside),
        paired: [count(needs.count()), count(spares.count())],
        from_login,
        recurs: seen.recurring >= RECURRING_MIN
            && seen.recurring_share >= RECURRING_SHARE
            && seen.networks <= NETWORKS_MAX,
    }
}

fn begins(host: &Host, at: usize) -> bool {
    let grounds = grounds(host, at);
    grounds.recurs && (is_needed(host, at, &grounds) || is_handed_out_alone(host, at, &grounds))
}

/// Calls fail for want of it, and something says that it is a credential and not only near one.
fn is_needed(host: &Host, at: usize, grounds: &Grounds) -> bool {
    let Weighed { ln_evidence, away_without, away_with, asked, .. } = grounds.weighed;
    let [needs, spares] = grounds.paired;
    let decides =
        ln_evidence >= LN_EVIDENCE_MIN && away_without >= AWAY_WITHOUT[0] && away_with <= AWAY_WITH[0];
    let is_paired = needs >= PAIRED_MIN;
    let is_credential = is_paired || grounds.from_login || asked >= ASKED_SHARE;
    let is_spared = spares * PAIRED_TIMES > needs.max(PAIRED_MIN);
    decides
        && is_credential
        && !is_spared
        && !is_overshadowed(host, at, grounds)
        && !only_comes_along(host, at, grounds)
}

/// Its values get on after they were turned away, as the device of somebody who signs in does. A session that was there
/// before its password does so too: it is handed out by answers, and the password hands out nothing.
fn only_comes_along(host: &Host, at: usize, grounds: &Grounds) -> bool {
    let Some(field) = host.fields.get(at).filter(|_| !grounds.from_login) else { return false };
    let [asked, barred] = field.risen;
    let risen = if grounds.weighed.asked < 0.5 { asked + barred } else { asked };
    let rises = risen >= RISEN_MIN && f64::from(risen) > RISEN_SHARE * field.recurrence().values;
    let is_generous = f64::from(host.generous_logins) > GENEROUS_SHARE * f64::from(host.logins);
    let is_handed_out = field.handed.login + field.handed.other + field.handed.renewal > 0;
    rises && (is_generous || !is_handed_out)
}

/// Another field that comes along with it is what logins hand out, and this one is not.
fn is_overshadowed(host: &Host, at: usize, grounds: &Grounds) -> bool {
    let others =
        host.fields.iter().enumerate().filter(|(other, field)| *other != at && is_from_login(host, field));
    !grounds.from_login
        && others.into_iter().any(|(other, _)| host.votes.together(1 << at, 1 << other) >= TOGETHER)
}

/// Where nobody is turned away: accepted passwords hand it out, nothing else does, and no other field is like it.
fn is_handed_out_alone(host: &Host, at: usize, grounds: &Grounds) -> bool {
    let Some(field) = host.fields.get(at) else { return false };
    let handed = field.handed;
    let share = f64::from(handed.login) / f64::from((handed.login + handed.other).max(1));
    let alone = host.fields.iter().enumerate().all(|(other, field)| {
        let is_rival = field.is_inferred() || is_from_login(host, field) && field.recurrence().recurring > 0;
        other == at || !is_rival
    });
    let is_decided = grounds.weighed.without > 0.0 && grounds.weighed.with > 0.0;
    let is_known = host.votes.together(KNOWN, 1 << at) >= TOGETHER;
    alone
        && !is_decided
        && !is_known
        && handed.login >= ALONE_LOGIN_MIN
        && share >= ALONE_LOGIN_SHARE
        && grounds.from_login
        && host.calls.saturating_sub(field.calls) >= ALONE_LACKING_MIN
}

/// Whether what was inferred still holds: weaker grounds are enough, so that it does not come and go.
fn goes_on(host: &Host, at: usize) -> bool {
    let grounds = grounds(host, at);
    let Weighed { away_without, away_with, without, with, .. } = grounds.weighed;
    let [needs, spares] = grounds.paired;
    let is_telling = without >= 10.0 && with >= 10.0;
    let is_refuted = is_telling && (away_without < AWAY_WITHOUT[1] || away_with > AWAY_WITH[1]);
    let is_spared = spares > needs.max(PAIRED_MIN);
    let field = host.fields.get(at);
    let is_shared = field.is_some_and(|field| field.recurrence().networks > NETWORKS_MAX + 1.0);
    !is_refuted && !is_spared && !is_shared
}

fn is_from_login(host: &Host, field: &Field) -> bool {
    let handed = field.handed;
    let login = f64::from(handed.login);
    let strangers = f64::from(handed.login + handed.other);
    handed.login >= FROM_LOGIN_MIN
        && login >= FROM_LOGIN_SHARE * strangers
        && login >= OF_LOGINS_SHARE * f64::from(host.logins)
}

fn bits(host: &Host, is: impl Fn(&Field) -> bool) -> Mask {
    let all = host.fields.iter().enumerate().filter(|(_, field)| is(field));
    all.fold(0, |bits, (at, _)| bits | 1 << at)
}
