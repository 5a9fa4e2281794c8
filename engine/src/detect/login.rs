//! Null hypothesis: first tries for different users fail as rarely from this address as from others, and whoever forgot
//! a password stops after a few. Password tries in, evidence per address and findings per user out. Never acts against
//! the user that is tried.

use model::{Action, Evidence, Finding, FindingId, Grade, Issued, Loss, Principal, Timestamp};

use super::{About, Assessment, Detector, Spec, Words, stuffing::Firsts};
use crate::{
    explain::{count, span},
    habits::crowd::newcomers::SignUps,
    hash::{Tag, remember},
    scene::Scene,
    stats::{Excuse, Hit, Process},
    subjects::{Subject, short_reference},
    world::{User, World},
};

pub(super) const SPEC: Spec = Spec {
    name: "login",
    detector: Detector::Login,
    about: About::Addresses,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// Distinct users failed, or failures, before it may block.
const USERS_MIN: u16 = 5;
const FAILURES_MIN: u16 = 10;
/// Users remembered per address.
const USERS_KEPT: usize = 48;
/// Chance that somebody who failed n times with changing passwords fails again.
const AGAIN: [f64; 6] = [0.6, 0.6, 0.5, 0.4, 0.35, 0.3];
/// Who gets it right at last is weighed as if no more than this share failed again.
const RIGHT_RATE_MAX: f64 = 0.25;
/// Chance that a try for a user from an address that never tried it before fails.
const NEW_ADDRESS_FAILS: f64 = 0.25;
/// Failing addresses of a user from which it is told.
const ADDRESSES_MIN: usize = 5;

/// Password tries from an address.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Logins {
    /// The last users tried: tag, last password tag, failures with changing passwords.
    pub(crate) users: Vec<(Tag, u16, u8)>,
    pub(crate) spread: Process,
    pub(crate) repeat: Process,
    pub(crate) failed_users: u16,
    pub(crate) failures: u16,
    /// First sign-ins of users from here.
    pub(crate) firsts: Firsts,
    /// Users let in for the first time from here.
    pub(crate) sign_ups: SignUps,
}

fn observe(world: &mut World, scene: &Scene<'_>) {
    let call = scene.call;
    let Some(login) = &call.login else { return };
    let Some(hit) = hit(call.status) else { return };
    let Some(user) = &login.user else { return };
    if call.grade == Grade::C {
        return;
    }
    let slot = world.address_of(call);
    // Where even users fail who were let in from there before, the fault is the service's or lies in its clients.
    if scene.attested && !(hit == Hit::Yes && world.shared.crowd.wave.is_fault()) {
        try_from_address(world, scene, slot, user, hit);
    }
    try_for_user(world, scene, slot, user, hit, &call.issued);
}

/// Whether a try failed; `None` when the answer says nothing about the password.
pub(super) fn hit(status: Option<u16>) -> Option<Hit> {
    match status? {
        200..=399 => Some(Hit::No),
        400 | 401 | 403 | 422 | 429 => Some(Hit::Yes),
        _ => None,
    }
}

fn try_from_address(world: &mut World, scene: &Scene<'_>, slot: usize, user: &Principal, hit: Hit) {
    let Some(login) = &scene.call.login else { return };
    let subject = world.subjects.at_mut(slot);
    let family = subject.family;
    let logins = subject.logins.get_or_insert_default();
    let tag = Tag::of(user.id);
    let mut charged = false;
    match logins.users.iter_mut().find(|(known, ..)| *known == tag) {
        None => {
            if logins.users.len() >= USERS_KEPT {
                logins.users.remove(0);
            }
            logins.users.push((tag, login.password_tag, u8::from(hit == Hit::Yes)));
            let (tries, hits) = logins.spread.counts();
            logins.spread.step(hit, world.login_prior.predictive(tries, hits), scene.day, Excuse::Slowly);
            logins.failed_users = logins.failed_users.saturating_add(u16::from(hit == Hit::Yes));
            charged = hit == Hit::Yes;
            // While many try passwords together, addresses show what they do and not what is usual.
            if logins.spread.teaches() && !world.shared.crowd.wave.stands() {
                let (tries, hits) = logins.spread.counts();
                world.login_prior.vote(family, tries, hits);
            }
        }
        Some((_, password, failures)) if *password != login.password_tag || hit == Hit::No => {
            *password = login.password_tag;
            if hit == Hit::No
                && let Some(row) = world.users.get_mut(user.id)
            {
                row.stumbles = (*failures, scene.call.ended_at);
            }
            if *failures > 0 {
                let again = AGAIN[usize::from(*failures).min(AGAIN.len()) - 1];
                // A rate above those of misbehaviour would turn who gets it right into evidence.
                let again = if hit == Hit::Yes { again } else { again.min(RIGHT_RATE_MAX) };
                logins.repeat.step(hit, again, scene.day, Excuse::Slowly);
            }
            *failures = if hit == Hit::Yes { failures.saturating_add(1) } else { 0 };
            charged = hit == Hit::Yes;
        }
        Some(_) => {}
    }
    if charged {
        logins.failures = logins.failures.saturating_add(1);
        world.charge(slot, Detector::Login, scene);
    }
}

/// A user failing from many addresses is told to a person; it is the victim.
fn try_for_user(
    world: &mut World,
    scene: &Scene<'_>,
    slot: usize,
    user: &Principal,
    hit: Hit,
    issued: &[Issued],
) {
    let address = world.subjects.at(slot).family;
    let attacking = world.subjects.at(slot).logins.as_ref().is_some_and(|logins| logins.p() < 1e-3);
    if hit == Hit::No && attacking && !issued.is_empty() {
        let told = format!("{user} signed in from {} after many failures from there.", scene.call.client);
        tell(world, scene, user, 1e-3, "sign-ins from addresses that guess passwords are rare", told);
    }
    let known = world.users.get(user.id).is_some();
    if !known && hit == Hit::Yes {
        world.users.insert(user.id, User::new());
    }
    let Some(row) = world.users.get_mut(user.id) else { return };
    let fresh = remember(&mut row.failing_addresses, address, 16) == crate::hash::Novelty::New;
    if hit == Hit::No && fresh {
        row.failing_addresses.pop();
    }
    if !fresh {
        return;
    }
    row.process.step(hit, NEW_ADDRESS_FAILS, scene.day, Excuse::Slowly);
    row.failures = row.failures.saturating_add(u32::from(hit == Hit::Yes));
    let (p, addresses, failures) = (row.process.p(), row.failing_addresses.len(), row.failures);
    let level = [1e-2, 1e-4, 1e-6].iter().filter(|limit| p < **limit).count();
    if addresses < ADDRESSES_MIN || level <= usize::from(row.told) {
        return;
    }
    row.told = u8::try_from(level).unwrap_or(u8::MAX);
    let observed =
        format!("{} for {user} from different addresses", count(u64::from(failures), "failed sign-in"));
    tell(world, scene, user, p, "one in four first tries from a new address fails", observed);
}

fn tell(world: &mut World, scene: &Scene<'_>, user: &Principal, p: f64, expected: &str, observed: String) {
    if world.findings.len() >= 8 {
        world.losses.count(Loss::FindingSuppressed);
        return;
    }
    let key = [&user.id.0.to_be_bytes()[..], &scene.call.id.0.to_be_bytes()].concat();
    let calls = vec![short_reference(scene.call)];
    world.findings.push(Finding {
        at: scene.call.ended_at,
        id: FindingId(world.names.short(b"finding login user", &key)),
        detector: SPEC.name.into(),
        principal: user.clone(),
        p,
        reason: observed.clone(),
        evidence: Evidence { expected: expected.to_owned(), observed, calls },
    });
}

impl Logins {
    /// Both ways of guessing, half the mass each.
    fn p(&self) -> f64 {
        let evidence = f64::from(self.spread.strongest() + self.repeat.strongest()) / 2.0;
        (1.0 / evidence.max(1.0)).min(1.0)
    }
}

impl User {
    /// A user nothing is known of.
    pub(crate) fn new() -> Self {
        Self {
            failing_addresses: Vec::new(),
            failures: 0,
            process: Process::default(),
            told: 0,
            stumbles: (0, Timestamp::ZERO),
        }
    }
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(logins) = &subject.logins else { return Assessment::SILENT };
    let enough = logins.failed_users >= USERS_MIN || logins.failures >= FAILURES_MIN;
    let limit = if enough { Action::Block } else { Action::RateLimit };
    let p = logins.p();
    Assessment { p, unattested: p, limit, demand: Action::Observe }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let (Some(logins), Some(mark)) = (&subject.logins, subject.marked(Detector::Login)) else {
        return Words::default();
    };
    let took = span(mark.first, mark.last);
    let share = world.login_prior.usual() * 100.0;
    let failures = count(u64::from(logins.failures), "failed sign-in");
    let users = count(u64::from(logins.failed_users), "user");
    Words {
        expected: format!("{share:.0} % of first sign-ins per user and address fail"),
        observed: format!("{failures} for {users} {took}"),
        reason: format!(
            "{failures} for {users} from one address {took}; normally {share:.0} % of first sign-ins fail."
        ),
        refuted_by: "The address is a gateway of many people whose passwords were all reset at once."
            .to_owned(),
    }
}
