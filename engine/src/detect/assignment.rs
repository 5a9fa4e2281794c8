//! Null hypothesis: a caller writes the members that other callers write. Members in that nobody sends, but that answers show
//! or that grant rights by their name; evidence per distinct one out. Never blocks: a new version may send them.

use model::{Action, Grade};

use super::{Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    explain::{count, span},
    habits::content::{Oddest, places},
    scene::{Deed, Scene},
    stats::Aspect,
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "assignment",
    detector: Detector::Assignment,
    voice: Voice::Support,
    crowding: Crowding::Excuses,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// Names of members that grant rights or money.
const GRANTS: [&str; 14] = [
    "admin",
    "balance",
    "credit",
    "is_admin",
    "is_staff",
    "isadmin",
    "owner_id",
    "permissions",
    "privileges",
    "role",
    "roles",
    "scope",
    "tier",
    "verified",
];
/// Share of callers that on one day send a member that grants rights, or one that answers show, where nobody does.
const GRANTS_RATE: f64 = 1e-3;
const SHOWN_RATE: f64 = 0.01;
/// Votes that a route needs for members that answers show; for those that grant rights five are enough.
const SHOWN_VOTES_MIN: u16 = 50;
/// Callers that have sent it since count this much each.
const OTHERS: f64 = 10.0;
/// Below this probability it is asked who this is: two members that grant rights, or three that answers show.
const DEMAND_BELOW: f64 = 2e-5;
/// Strange members of one request that are looked at.
const MEMBERS_MAX: usize = 8;

fn observe(world: &mut World, scene: &Scene<'_>) {
    if scene.deed != Deed::Write || scene.call.grade == Grade::C {
        return;
    }
    let details = scene.call.details.as_ref();
    let Some(body) = details.and_then(|details| details.request.as_ref()) else { return };
    let symbol = scene.symbol();
    let Some(form) = world.shared.content.forms.get(symbol) else { return };
    let settled = form.body.votes() >= SHOWN_VOTES_MIN;
    let strangers: smallvec::SmallVec<[_; 4]> = form.body.strangers(&body.fields).take(MEMBERS_MAX).collect();
    for field in strangers {
        let name = field.name.rsplit('.').next().unwrap_or_default();
        let grants = GRANTS.iter().any(|known| name.eq_ignore_ascii_case(known));
        let shown = || settled && world.shared.content.forms.shows(&scene.seen.noun, name, scene.day);
        if !grants && !shown() {
            continue;
        }
        let place = places::member(symbol, &field.name);
        for slot in &scene.judged {
            weigh(world, scene, *slot, (place, &field.name), if grants { GRANTS_RATE } else { SHOWN_RATE });
        }
    }
}

/// Counts a member that this caller had not sent; who else has sent it since makes it less odd.
fn weigh(world: &mut World, scene: &Scene<'_>, slot: usize, (place, name): (u64, &str), rate: f64) {
    let subject = world.subjects.at_mut(slot);
    let who = subject.family;
    let places = &mut world.shared.content.places;
    let (others, practice) = (places.others(place, who), places.is_practice(place, who));
    if subject.is_established() && subject.teaches() && scene.served() {
        places.learn(place, who);
    }
    let mark = subject.mark_mut(Detector::Assignment);
    let bit = 1 << (place % 32);
    if practice || mark.kinds & bit != 0 {
        return;
    }
    mark.kinds |= bit;
    mark.oddest = Some(Box::new(Oddest {
        field: name.into(),
        aspect: Aspect::Unknown,
        score: if rate <= GRANTS_RATE { 1.0 } else { 0.0 },
        ..Oddest::default()
    }));
    let rate = rate * (1.0 + OTHERS * f64::from(others));
    subject.step_proof(Detector::Assignment, rate, scene.day, scene.attested);
    world.charge(slot, Detector::Assignment, scene);
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(mark) = subject.marked(Detector::Assignment) else { return Assessment::SILENT };
    let p = mark.proof.p();
    Assessment {
        p,
        unattested: mark.unattested_p(p),
        limit: Action::StepUp,
        demand: if p < DEMAND_BELOW { Action::StepUp } else { Action::Observe },
    }
}

fn explain(world: &World, subject: &Subject) -> Words {
    let mark = subject.marked(Detector::Assignment);
    let Some((mark, odd)) = mark.and_then(|mark| Some((mark, mark.oddest.as_ref()?))) else {
        return Words::default();
    };
    let route = mark.route.map(|id| world.routes.route(id));
    let route = route.map_or_else(String::new, |route| format!(" of {} {}", route.method, route.template));
    let members = count(u64::from(mark.kinds.count_ones()), "member");
    let (sort, took) =
        (if odd.score > 0.5 { "grant rights" } else { "answers show" }, span(mark.first, mark.last));
    let field = &odd.field;
    Words {
        expected: "fewer than 3 callers of good standing have sent such a member".to_owned(),
        observed: format!("{members} that nobody sends and that {sort} {took}, last `{field}`"),
        reason: format!("Wrote {members} that nobody sends and that {sort} {took}, last `{field}`{route}."),
        refuted_by: "A new version of the client writes them.".to_owned(),
    }
}
