//! Null hypothesis: from one address no more users are let in for the first time within an hour than from other addresses,
//! or from it on other days. Sign-ins in, evidence against the address out. Never against its users.

use model::Action;

use super::{About, Assessment, Detector, Spec, Words};
use crate::{
    habits::crowd::{newcomers::SignUps, pairs::Meeting},
    hash::Tag,
    scene::Scene,
    stats::Hit,
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "sign_ups",
    detector: Detector::SignUps,
    about: About::Addresses,
    observe,
    assess,
    explain,
    forgive,
    ..Spec::BOUND
};

/// Users first let in within an hour before an address may be blocked.
const SIGN_UPS_MIN: f32 = 30.0;

fn observe(world: &mut World, scene: &Scene<'_>) {
    let call = scene.call;
    let Some(user) = call.login.as_ref().and_then(|login| login.user.as_ref()) else { return };
    if super::login::hit(call.status) != Some(Hit::No) || !scene.attested || scene.outage {
        return;
    }
    let (hour, learns) = super::campaign::hour_of(world, scene);
    let slot = world.address_of(call);
    let crowd = &mut world.shared.crowd;
    #[expect(clippy::cast_possible_truncation, reason = "any half of a keyed hash is a keyed hash")]
    let name = user.id.0 as u64;
    // Network 0 is none: the pair stands for the user anywhere.
    let pair = crowd.pairs.pair(0, name);
    let is_new = crowd.pairs.meet(pair, Hit::No).0 == Meeting::New;
    let subject = world.subjects.at_mut(slot);
    let learns = learns && !subject.today.condemned;
    let who = (Tag::of(subject.principal.id), Tag::of(user.id), is_new);
    let works = subject.crowd.size();
    let signs = &mut subject.logins.get_or_insert_default().sign_ups;
    if crowd.newcomers.sign_in(signs, who, works, (scene.day, hour), learns) {
        world.charge(slot, Detector::SignUps, scene);
    }
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(signs) = sign_ups(subject) else { return Assessment::SILENT };
    let p = (-f64::from(signs.nats)).exp();
    let alone = subject.crowd.size() <= 1 && signs.peak >= SIGN_UPS_MIN;
    let limit = if alone { Action::Block } else { Action::RateLimit };
    Assessment { p, unattested: p, limit, demand: Action::Observe }
}

fn sign_ups(subject: &Subject) -> Option<&SignUps> {
    let signs = &subject.logins.as_ref()?.sign_ups;
    (signs.nats > 0.0).then_some(signs)
}

fn explain(_: &World, subject: &Subject) -> Words {
    let Some(SignUps { peak, known, .. }) = sign_ups(subject) else { return Words::default() };
    Words {
        expected: format!(
            "from one address at most {known:.0} users are let in for the first time within an hour"
        ),
        observed: format!("{peak:.0} users"),
        reason: format!(
            "{peak:.0} users were let in from here for the first time within an hour, {:.0} times the most from any other address or from here on other days ({known:.0}).",
            peak / known.max(1.0)
        ),
        refuted_by: "People sign up at a counter or in a class behind this address.".to_owned(),
    }
}

/// What was held against it is forgotten.
fn forgive(subject: &mut Subject) {
    if let Some(logins) = &mut subject.logins {
        logins.sign_ups.nats = 0.0;
    }
}
