//! Null hypothesis: the credentials of one holder are used at two places faster than an aircraft flies between them as seldom as
//! those of others, and where that is a habit (a telephone, an office and a VPN that come out far apart) it says nothing.
//! Addresses and a database of places in, step-up evidence out. Never blocks: such databases err. Silent without a database.

use model::{Action, Grade, PrincipalId, PrincipalKind, Spot, Timestamp};

use super::{About, Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    explain::span,
    habits::crowd::journeys::{Leap, SPEED_KM_H, Step},
    scene::{Deed, Scene, network},
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "travel",
    detector: Detector::Travel,
    voice: Voice::Support,
    crowding: Crowding::Excuses,
    about: About::Credentials,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// Below this probability it is asked again who it is, whatever else is known.
const ASKED_BELOW: f64 = 1e-4;

fn observe(world: &mut World, scene: &Scene<'_>) {
    let Some(places) = world.config.known.places.clone() else { return };
    let quiet = scene.deed == Deed::Aside || scene.by_address || !scene.attested || !scene.served();
    if quiet || scene.call.grade == Grade::C {
        return;
    }
    for slot in &scene.judged {
        let subject = world.subjects.at(*slot);
        let step = Step {
            day: scene.day,
            at: u32::try_from(scene.call.ended_at.as_secs()).unwrap_or(u32::MAX),
            network: network(scene.call),
            machine: subject.principal.kind == PrincipalKind::ApiKey,
            teaches: subject.teaches(),
        };
        let holder = holder(world, subject);
        let find = || places.find(scene.call.client.to_canonical());
        if world.shared.crowd.journeys.step(holder, step, find, &mut world.losses) {
            world.charge(*slot, Detector::Travel, scene);
        }
    }
}

/// Whose journey it is: the user's, or that of the first of the credentials that renew one another.
fn holder(world: &World, subject: &Subject) -> PrincipalId {
    let user = subject.user_id.filter(|_| subject.proven && !subject.contradicts);
    let root = || world.links.take(subject.principal.id).and_then(|link| link.root);
    user.or_else(root).unwrap_or(subject.principal.id)
}

fn leap(world: &World, subject: &Subject) -> Option<Leap> {
    let mark = subject.marked(Detector::Travel)?;
    let leap = world.shared.crowd.journeys.of(holder(world, subject))?.leap?;
    (mark.last.as_secs() >= leap.at.into()).then_some(leap)
}

fn assess(world: &World, subject: &Subject) -> Assessment {
    let Some(leap) = leap(world, subject) else { return Assessment::SILENT };
    let demand = if leap.p < ASKED_BELOW { Action::StepUp } else { Action::Observe };
    Assessment { p: leap.p, unattested: leap.p, limit: Action::StepUp, demand }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let Some(leap) = leap(world, subject) else { return Words::default() };
    let usual = world.shared.crowd.journeys.usual(subject.principal.kind == PrincipalKind::ApiKey);
    let at = Timestamp::from_parts(leap.at.into(), 0);
    let took = span(at, at.after(std::time::Duration::from_secs(leap.took_s.into())));
    let way = leap.from.apart_km(&leap.to);
    let (from, to) = (place(&leap.from), place(&leap.to));
    let back = if leap.returned { ", and back as fast" } else { "" };
    Words {
        expected: format!(
            "one of {:.0} days of a holder has a way between two places faster than {SPEED_KM_H:.0} km/h that is no habit",
            usual.one_in()
        ),
        observed: format!("from {from} to {to}, {way:.0} km, {took}{back}"),
        reason: format!(
            "Used in {from} and {took} in {to}, at least {way:.0} km away{back}: faster than an aircraft."
        ),
        refuted_by:
            "Its holder uses a VPN or a network that comes out elsewhere, or the database of places errs."
                .to_owned(),
    }
}

/// `DE (52.5, 13.4)`.
fn place(spot: &Spot) -> String {
    format!("{} ({:.1}, {:.1})", spot.country(), spot.latitude, spot.longitude)
}
