//! Null hypothesis: from networks that a user never came from, as many sign-ins fail as usual at that hour, and who fails
//! looks like others. Password tries of everybody in; one finding for the campaign, and evidence against addresses that
//! take part, out. Never acts against the users that are tried.

use model::{Action, Evidence, Finding, FindingId, Loss, Principal};

use super::{About, Assessment, Detector, Logins, Spec, Words};
use crate::{
    explain::{count, span},
    habits::crowd::{
        pairs::Meeting,
        traits::{Look, Trait, look},
        wave::{News, Try},
    },
    hash::Tag,
    scene::{Scene, network},
    stats::Hit,
    subjects::{Subject, short_reference},
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "stuffing",
    detector: Detector::Stuffing,
    about: About::Addresses,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// Users failed from an address before it may be blocked.
const USERS_MIN: u16 = 3;
/// Users let in for each that failed, at most, for a block.
const SERVED_SHARE_MAX: f32 = 0.25;
/// Failures of one address that count for everybody in an hour: more are no crowd.
const HOURLY_MAX: u8 = 4;
/// Share of tries with a list that fail; and how many times likelier a failure is put right with a list than without.
const LIST_FAILS: f64 = 0.97;
const LIST_PUT_RIGHT: f64 = 0.03;
/// Share of second and later passwords for a user that fail without a list.
const GUESS_FAILS: f64 = 0.6;
/// Failures of an address before anything is done about it: who is a user under attack may mistype too.
const FAILED_MIN: u16 = 3;
/// Evidence from which an address does not show how often others fail again, and beyond which it grows no further.
const TEACHES_BELOW: f32 = 50.0;
const EVIDENCE_MAX: f64 = 1e12;
/// Without that, its probability is taken to be no lower than this.
const UNSURE: f64 = 1e-6;
/// Probability below which an address is taken for a member.
const MEMBER_BELOW: f64 = 1e-3;
/// Members at which people are told again, each time.
const TOLD_AT: [u32; 4] = [1, 10, 100, 1_000];

/// First sign-ins of users from one address.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Firsts {
    failed: u16,
    served: u16,
    /// Failed first and let in later.
    put_right: u16,
    /// Further passwords that failed for a user that had failed.
    guessed: u16,
    /// Failures since somebody was let in.
    run: u8,
    /// How many times likelier they are with a list of passwords than without, since the day of its first try.
    evidence: f32,
    day: u16,
    /// What its last failure looked like.
    look: Look,
    /// Hours since the epoch, and failures in the present one.
    hour: u32,
    in_hour: u8,
    /// Counted as a member.
    pub(crate) is_member: bool,
}

fn observe(world: &mut World, scene: &Scene<'_>) {
    let call = scene.call;
    let Some(login) = &call.login else { return };
    let (Some(user), Some(hit)) = (&login.user, super::login::hit(call.status)) else { return };
    if !scene.attested || scene.outage {
        return;
    }
    let slot = world.address_of(call);
    #[expect(clippy::cast_possible_truncation, reason = "any half of a keyed hash is a keyed hash")]
    let name = user.id.0 as u64;
    let crowd = &mut world.shared.crowd;
    let pair = crowd.pairs.pair(network(call), name);
    let (meeting, forgotten) = crowd.pairs.meet(pair, hit);
    let look = look(call, name, login.password_tag);
    let subject = world.subjects.at_mut(slot);
    let firsts = &mut subject.logins.get_or_insert_default().firsts;
    // Who is suspicious does not show what is usual.
    let run = Some(firsts.run).filter(|_| firsts.evidence < TEACHES_BELOW);
    let rate = crowd.wave.rate(firsts.run);
    let counts = firsts.take((meeting, hit), &look, rate, scene);
    let address = Tag::of(subject.principal.id);
    let one = Try { pair, meeting, hit, look: &look, address, run, counts, at: call.ended_at };
    let (news, lost) = crowd.wave.take(&one);
    for _ in 0..lost + u64::from(forgotten) {
        world.losses.count(Loss::CrowdForgotten);
    }
    if news == News::Raised {
        tell(world, scene, slot);
    }
    if world.shared.crowd.wave.stands()
        && matches!(meeting, Meeting::New | Meeting::Failed)
        && hit == Hit::Yes
    {
        suspect(world, scene, slot);
    }
}

/// A failure while a campaign is on.
fn suspect(world: &mut World, scene: &Scene<'_>, slot: usize) {
    // The campaign is told as one, not by address.
    world.subjects.at_mut(slot).told[Detector::Stuffing as usize] = u8::MAX;
    world.charge(slot, Detector::Stuffing, scene);
    let p = probability(world, world.subjects.at(slot));
    if p >= MEMBER_BELOW {
        return;
    }
    let subject = world.subjects.at_mut(slot);
    // Members are nobody's peers.
    subject.today.condemned = true;
    let Some(logins) = &mut subject.logins else { return };
    if std::mem::replace(&mut logins.firsts.is_member, true) {
        return;
    }
    let wave = &mut world.shared.crowd.wave;
    wave.join(&subject.principal);
    if TOLD_AT.get(usize::from(wave.told)).is_some_and(|many| wave.members >= *many) {
        wave.told += 1;
        tell(world, scene, slot);
    }
}

impl Firsts {
    /// Takes a try, of which a share of `rate` fails without a list; whether it counts for everybody.
    fn take(&mut self, (meeting, hit): (Meeting, Hit), look: &Look, rate: f64, scene: &Scene<'_>) -> bool {
        if self.day != scene.day {
            (self.day, self.evidence) = (scene.day, self.evidence + 1.0);
        }
        match (meeting, hit) {
            (Meeting::New, Hit::Yes) => {
                self.failed = self.failed.saturating_add(1);
                self.run = self.run.saturating_add(1);
                self.look = *look;
                self.weigh(LIST_FAILS / rate);
            }
            (Meeting::New, Hit::No) => {
                self.served = self.served.saturating_add(1);
                self.run = 0;
                self.weigh((1.0 - LIST_FAILS) / (1.0 - rate));
            }
            (Meeting::Failed, Hit::Yes)
                if look[Trait::Password as usize] != self.look[Trait::Password as usize] =>
            {
                self.guessed = self.guessed.saturating_add(1);
                self.look = *look;
                self.weigh(LIST_FAILS / GUESS_FAILS);
            }
            (Meeting::Failed, Hit::No) => {
                self.put_right = self.put_right.saturating_add(1);
                self.run = 0;
                self.weigh(LIST_PUT_RIGHT);
            }
            _ => {}
        }
        hit == Hit::No || self.counts(scene)
    }

    fn weigh(&mut self, ratio: f64) {
        self.evidence = (f64::from(self.evidence) * ratio).min(EVIDENCE_MAX) as f32;
    }

    fn counts(&mut self, scene: &Scene<'_>) -> bool {
        let hour = u32::try_from(scene.call.ended_at.as_secs() / 3_600).unwrap_or(u32::MAX);
        if hour != self.hour {
            (self.hour, self.in_hour) = (hour, 0);
        }
        self.in_hour = self.in_hour.saturating_add(1);
        self.in_hour <= HOURLY_MAX
    }
}

/// Probability that an innocent address shows this on a day: that a campaign is on, over how much likelier its failures are
/// with a list, and how much better the campaign's look fits it than everybody's. An innocent one has no part in the first,
/// and the mean of the others is 1 (Markov, Ville).
fn probability(world: &World, subject: &Subject) -> f64 {
    let wave = &world.shared.crowd.wave;
    let Some(logins) = subject.logins.as_ref().filter(|logins| wave.stands() && logins.firsts.run > 0) else {
        return 1.0;
    };
    let firsts = &logins.firsts;
    let alike = wave.traits.ratio(&firsts.look, u32::from(firsts.failed));
    wave.rarity() / f64::from((firsts.evidence * alike).max(1.0))
}

fn assess(world: &World, subject: &Subject) -> Assessment {
    let (Some(logins), Some(_)) = (&subject.logins, subject.marked(Detector::Stuffing)) else {
        return Assessment::SILENT;
    };
    if logins.firsts.failed.saturating_add(logins.firsts.guessed) < FAILED_MIN {
        return Assessment::SILENT;
    }
    let p = probability(world, subject);
    let (p, limit) = match logins.may_block() {
        true => (p, Action::Block),
        false => (p.max(UNSURE), Action::RateLimit),
    };
    Assessment { p, unattested: p, limit, demand: Action::Observe }
}

impl Logins {
    /// Enough users failed, and hardly anybody was let in.
    fn may_block(&self) -> bool {
        let Firsts { failed, served, put_right, .. } = self.firsts;
        let good = f32::from(served) + f32::from(put_right);
        failed.saturating_sub(put_right) >= USERS_MIN && good <= SERVED_SHARE_MAX * f32::from(failed)
    }
}

/// Tells people of the campaign as one.
fn tell(world: &mut World, scene: &Scene<'_>, slot: usize) {
    if world.findings.len() >= 8 {
        world.losses.count(Loss::FindingSuppressed);
        return;
    }
    let principal = world.subjects.at(slot).principal.clone();
    let wave = &world.shared.crowd.wave;
    let key = [&wave.began().as_nanos().to_be_bytes()[..], &[wave.told], b"stuffing"].concat();
    let (expected, observed) = (expected(world), observed(world, scene));
    let named: Vec<String> = wave.named.iter().map(Principal::to_string).collect();
    let members = match u64::from(wave.members) {
        0 => String::new(),
        n => match n.saturating_sub(named.len() as u64) {
            0 => format!(" By their own tries stand out: {}.", named.join(", ")),
            more => format!(" By their own tries stand out: {} and {more} more.", named.join(", ")),
        },
    };
    let finding = Finding {
        at: scene.call.ended_at,
        id: FindingId(world.names.short(b"finding stuffing", &key)),
        detector: SPEC.name.into(),
        principal,
        p: wave.p(),
        reason: format!("Passwords are tried from many addresses: {observed}.{members}"),
        evidence: Evidence { expected, observed, calls: vec![short_reference(scene.call)] },
    };
    world.findings.push(finding);
}

fn expected(world: &World) -> String {
    let usual = world.shared.crowd.wave.usual() * 100.0;
    format!("{usual:.1} % of first sign-ins from a network fail at this hour")
}

fn observed(world: &World, scene: &Scene<'_>) -> String {
    let wave = &world.shared.crowd.wave;
    let failed = count(u64::from(wave.failed()), "first sign-in");
    let took = span(wave.began(), scene.call.ended_at);
    let shared = wave.traits.shared().map_or_else(String::new, |(kind, now, usual)| {
        format!(", {:.0} % of them with {}, usually {:.2} %", now * 100.0, kind.words(), usual * 100.0)
    });
    format!("{failed} from networks new to the user failed {took}{shared}")
}

fn explain(world: &World, subject: &Subject) -> Words {
    let (Some(logins), Some(mark)) = (&subject.logins, subject.marked(Detector::Stuffing)) else {
        return Words::default();
    };
    let Firsts { failed, served, guessed, look, .. } = logins.firsts;
    let alike = world.shared.crowd.wave.traits.ratio(&look, u32::from(failed));
    let observed = format!(
        "{} failed and {served} let in from here, {}, while a campaign is on; {alike:.1} times as many of its failures look like these as of usual ones",
        count(u64::from(failed), "user"),
        span(mark.first, mark.last),
    );
    Words {
        expected: expected(world),
        reason: format!(
            "Takes part in a campaign of password tries from many addresses: {} failed here, {} guessed beyond the first, {served} let in.",
            count(u64::from(failed), "user"),
            count(u64::from(guessed), "password"),
        ),
        observed,
        refuted_by: "The address is an office or a proxy whose people sign in with old passwords.".to_owned(),
    }
}
