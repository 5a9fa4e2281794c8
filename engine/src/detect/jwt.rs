//! Null hypothesis: a caller's tokens are signed as this service's tokens are, are served until they end, and a renewal token
//! is redeemed once. Distinct odd tokens in, evidence about their address and credential out. Never believes a claim.

use model::{Action, Grade, HeadSign, Outcome, PrincipalId, TokenAlgorithm};

use super::{Assessment, Crowding, Detector, Spec, Voice, Words, theft};
use crate::{
    explain::{count, span},
    habits::content::{Odd, Redeemed},
    hash::{Tag, mix},
    scene::{Scene, network},
    subjects::{ESTABLISHED_CALLS, Mark, Subject, software},
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "jwt",
    detector: Detector::Jwt,
    voice: Voice::Sharp,
    crowding: Crowding::Excuses,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// Distinct forged tokens before it may block.
const FORGED_MIN: u32 = 3;
/// Bits of `Mark::kinds` that name an oddity; the others are places of distinct tokens.
const KIND_BITS: u32 = 8;
/// A renewal token may be redeemed again within this time: two tabs, a lost answer.
const RACE_S: u64 = 60;
/// Tokens that must have been refused behind their end before one that is served is odd, and the share of those served.
const LATE_REFUSED_MIN: u32 = 50;
const LATE_SHARE: f64 = 0.01;
/// How often a renewal token is redeemed again from another network by the same software: a telephone that lost an answer.
const SAME_SOFTWARE: f64 = 0.004;
/// Below this probability both heirs of a renewal token are asked who they are: once is enough.
const DEMAND_BELOW: f64 = 0.02;

fn observe(world: &mut World, scene: &Scene<'_>) {
    let call = scene.call;
    if call.grade == Grade::C {
        return;
    }
    learn(world, scene);
    if !call.issued.is_empty() && scene.served() {
        redeem(world, scene);
    }
    if call.context.algorithm.is_absent() {
        return;
    }
    if call.context.signs.contains(HeadSign::TokenExpired) {
        late(world, scene);
    }
    let Some((odd, rate)) = world.shared.content.signatures.of_token(call) else { return };
    // What the service accepts is its own affair, but for tokens that anybody can write; an old token is refused for its age.
    let refused = scene.outcome == Outcome::Rejected && !call.context.signs.contains(HeadSign::TokenExpired);
    if odd != Odd::Unsigned && !refused {
        return;
    }
    let Some(token) = call.identities.iter().find(|who| who.kind.is_credential()).map(|who| who.id) else {
        return;
    };
    // The address too, when the token itself is served: whoever forges one forges more.
    if !scene.by_address {
        scene.judged.iter().for_each(|slot| weigh(world, scene, *slot, (odd, rate), token));
    }
    let address = world.address_of(call);
    weigh(world, scene, address, (odd, rate), token);
}

/// Takes the look of a caller on the call that makes it an established one.
fn learn(world: &mut World, scene: &Scene<'_>) {
    let Some(slot) = scene.judged.first().filter(|_| !scene.by_address && scene.served()) else { return };
    let subject = world.subjects.at(*slot);
    if subject.served == ESTABLISHED_CALLS && subject.teaches() {
        world.shared.content.signatures.learn(scene.call);
    }
}

/// Counts a token that was not counted before.
fn weigh(world: &mut World, scene: &Scene<'_>, slot: usize, (odd, rate): (Odd, f64), token: PrincipalId) {
    let subject = world.subjects.at_mut(slot);
    let place = mix(u64::from(Tag::of(token).0), 3) % u64::from(32 - KIND_BITS);
    let mark = subject.mark_mut(Detector::Jwt);
    let bits = 1 << odd as u32 | 1 << (KIND_BITS + u32::try_from(place).unwrap_or(0));
    if mark.kinds & bits == bits {
        return;
    }
    mark.kinds |= bits;
    mark.rarest = rate;
    subject.step_proof(Detector::Jwt, rate, scene.day, scene.attested);
    world.charge(slot, Detector::Jwt, scene);
}

/// A token behind its end. It is odd only where others are refused, and then most likely the service's fault.
fn late(world: &mut World, scene: &Scene<'_>) {
    let signatures = &mut world.shared.content.signatures;
    if scene.outcome == Outcome::Rejected {
        signatures.late_refused = signatures.late_refused.saturating_add(1);
        return;
    }
    let guarded = scene.seen.route.is_some_and(|route| world.routes.route(route).is_guarded());
    if !scene.served() || !guarded || scene.by_address {
        return;
    }
    signatures.late_served = signatures.late_served.saturating_add(1);
    let (refused, served) = (signatures.late_refused, signatures.late_served);
    let rate = f64::from(served) / f64::from(refused.max(1));
    if refused < LATE_REFUSED_MIN || rate > LATE_SHARE {
        return;
    }
    for slot in &scene.judged {
        let id = world.subjects.at(*slot).principal.id;
        weigh(world, scene, *slot, (Odd::Late, rate), id);
    }
}

/// An answer that hands out new credentials for a renewal token.
fn redeem(world: &mut World, scene: &Scene<'_>) {
    let call = scene.call;
    let Some((first, renewed)) =
        call.issued.first().and_then(|issued| Some((issued, issued.renews.as_ref()?)))
    else {
        return;
    };
    // Without a new renewal token the old one stays good; a cookie is renewed by any answer.
    if !renewed.kind.is_credential() || renewed.kind == model::PrincipalKind::Cookie {
        return;
    }
    let Some(next) = call.issued.get(1).map(|issued| issued.credential.id) else { return };
    let (heir, context) = (first.credential.clone(), (network(call), software(&call.context)));
    let signatures = &mut world.shared.content.signatures;
    let known = signatures.redeem(renewed.id, (heir.id, next), context, call.ended_at);
    let Some(again) = known.filter(|again| is_replay(world, again)) else { return };
    let rate = world.shared.content.signatures.again_rate();
    let rate = if again.other_software { rate } else { rate.max(SAME_SOFTWARE) };
    // Nobody can tell which of the two is the thief: both have to prove who they are.
    let late = world.subject_of(&heir, call.ended_at);
    weigh(world, scene, late, (Odd::Again, rate), renewed.id);
    for early in [again.heir, again.newest] {
        if let Some(early) = world.subjects.find(early) {
            weigh(world, scene, early, (Odd::Again, rate), renewed.id);
            theft::forked(world, early);
        }
    }
    theft::forked(world, late);
}

/// Whether a second redemption can be no lost answer and no race: the first one's fruit was used, and this one comes later
/// and from elsewhere.
fn is_replay(world: &World, again: &Redeemed) -> bool {
    let used = world.subjects.get(again.heir).is_some_and(|heir| heir.served > 0);
    used && again.seconds > RACE_S && again.other_network
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(mark) = subject.marked(Detector::Jwt) else { return Assessment::SILENT };
    let has = |odd: Odd| mark.kinds & 1 << odd as u32 != 0;
    let forged = has(Odd::Unsigned) || has(Odd::Key);
    let p = mark.proof.p();
    Assessment {
        p,
        unattested: mark.unattested_p(p),
        limit: match () {
            () if forged && tokens(mark) >= FORGED_MIN => Action::Block,
            () if mark.kinds & !(1 << Odd::Late as u32) & ((1 << KIND_BITS) - 1) != 0 => Action::StepUp,
            () => Action::Notify,
        },
        demand: if has(Odd::Again) && p < DEMAND_BELOW { Action::StepUp } else { Action::Observe },
    }
}

/// Distinct odd tokens; a few may share a place.
fn tokens(mark: &Mark) -> u32 {
    (mark.kinds >> KIND_BITS).count_ones()
}

fn explain(world: &World, subject: &Subject) -> Words {
    let Some(mark) = subject.marked(Detector::Jwt) else { return Words::default() };
    let has = |odd: Odd| mark.kinds & 1 << odd as u32 != 0;
    let (took, seen) = (span(mark.first, mark.last), count(u64::from(tokens(mark)), "token"));
    let signatures = &world.shared.content.signatures;
    let (callers, unsigned) = signatures.signed(TokenAlgorithm::None);
    let usual = signatures.usual_algorithm().name();
    let how = match () {
        () if has(Odd::Unsigned) => "not signed",
        () if has(Odd::Key) => "bringing their own key",
        () if has(Odd::Algorithm) => "signed in another way",
        () if has(Odd::Early) => "of the future",
        () if has(Odd::Again) => "redeemed twice",
        () => "behind their end",
    };
    if has(Odd::Again) {
        return Words {
            expected: format!(
                "{:.2} % of renewal tokens are redeemed twice",
                signatures.again_rate() * 100.0
            ),
            observed: format!(
                "{seen} redeemed again from another network after the first credential was used {took}"
            ),
            reason: format!(
                "Redeemed {seen} for renewal that somebody else in another network had redeemed {took}."
            ),
            refuted_by: "One person runs two copies of the program with one stored login.".to_owned(),
        };
    }
    if has(Odd::Late) && how == "behind their end" {
        return Words {
            expected: format!("{} tokens behind their end were refused", signatures.late_refused),
            observed: format!("{seen} behind their end served {took}"),
            reason: format!("Was served with {seen} behind their end {took}, where others are refused."),
            refuted_by: "A part of the service allows more time, or its clock is wrong.".to_owned(),
        };
    }
    Words {
        expected: format!(
            "tokens of {} are signed by {usual}; {unsigned} had an unsigned one",
            count(u64::from(callers), "established caller")
        ),
        observed: format!(
            "{seen} {how} {took}; one caller in {:.0} shows such a thing",
            1.0 / mark.rarest.max(1e-9)
        ),
        reason: format!(
            "Sent {seen} {how} {took}; the tokens of {} are signed by {usual}.",
            count(u64::from(callers), "established caller")
        ),
        refuted_by: "The service issues such tokens, or this is a test of its own people.".to_owned(),
    }
}
