//! Null hypothesis: what looks like code for an interpreter behind the service stands where callers of good standing send
//! such text. Distinct places in, evidence out. Never counts a place where that is a practice; free text counts little.

use model::{Action, ApiCall, Field, Grade, HeadSign, Outcome, Sign, Signs};

use super::{Assessment, Crowding, Detector, Spec, Voice, Words};
use crate::{
    explain::{count, span},
    habits::content::{Oddest, places},
    hash::mix,
    scene::Scene,
    stats::Aspect,
    subjects::{Mark, Subject},
    world::World,
};

pub(super) const SPEC: Spec = Spec {
    name: "injection",
    detector: Detector::Injection,
    voice: Voice::Sharp,
    crowding: Crowding::Excuses,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// Distinct places that bar code before it may block; one less where the service reacted.
const BARRED_MIN: u32 = 3;
/// Share of callers that on one day send such text into a field that holds nothing of its kind (at least; the field's own
/// share of such values counts), the share up to which a field is one, and those for unknown fields and for free text.
const BARRED_RATE: f32 = 1e-3;
const BARRED_BELOW: f32 = 0.01;
const UNKNOWN_RATE: f64 = 0.02;
const FREE_RATE: f64 = 0.08;
/// How often the service fails or is slow by itself when code comes in.
const REACTS_RATE: f64 = 0.05;
/// A delay below this is none, in microseconds; and how many times longer or larger than usual an answer is.
const DELAY_US: f32 = 2e6;
const TIMES_USUAL: f32 = 4.0;
/// Bits of `Mark::kinds`: signs, whether the service reacted, places that bar code, other places.
const REACTED: u32 = 1 << 8;
const BARRED_BITS: std::ops::Range<u32> = 9..20;
const OTHER_BITS: std::ops::Range<u32> = 20..32;

/// How a place takes code.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Takes {
    /// Hardly ever: its values are of another type, or have no such characters.
    Barred(f32),
    Unknown,
    /// It holds such characters anyway.
    Free,
}

fn observe(world: &mut World, scene: &Scene<'_>) {
    let call = scene.call;
    let Some(details) = call.details.as_ref().filter(|_| call.grade != Grade::C) else { return };
    let body = details.request.as_ref().map_or(&[][..], |body| &body.fields);
    let by_path = call.context.signs.contains(HeadSign::Path) && !details.signs.is_empty();
    let odd = |field: &&Field| !field.signs.is_empty();
    if !by_path && !details.query.iter().chain(body).any(|field| !field.signs.is_empty()) {
        return;
    }
    let symbol = scene.symbol();
    if by_path {
        weigh(world, scene, symbol, ("path", details.signs), Takes::Barred(BARRED_RATE));
    }
    for (fields, in_query) in [(&details.query[..], true), (body, false)] {
        for field in fields.iter().filter(odd) {
            let form = world.shared.content.forms.get(symbol);
            let model = form.map(|form| if in_query { &form.query } else { &form.body });
            let takes = match model.and_then(|model| model.holds_rarely(field)) {
                Some(rate) if rate < BARRED_BELOW => Takes::Barred(rate.max(BARRED_RATE)),
                Some(_) => Takes::Free,
                None => Takes::Unknown,
            };
            weigh(world, scene, symbol, (&field.name, field.signs), takes);
        }
    }
}

/// Counts a place that this caller had not sent such text to, unless callers of good standing do so.
fn weigh(world: &mut World, scene: &Scene<'_>, symbol: u32, (name, signs): (&str, Signs), takes: Takes) {
    let Some(sign) = places::first(signs) else { return };
    let place = places::place(symbol, name, sign);
    for slot in &scene.judged {
        let subject = world.subjects.at(*slot);
        let who = subject.family;
        let places = &mut world.shared.content.places;
        let practice = places.is_practice(place, who);
        if scene.served() && symbol != 0 && subject.is_established() && subject.teaches() {
            places.learn(place, who);
        }
        if practice {
            continue;
        }
        let others = f64::from(places.others(place, who));
        let rate = match takes {
            Takes::Barred(rate) => f64::from(rate),
            Takes::Unknown => UNKNOWN_RATE,
            Takes::Free => FREE_RATE,
        };
        step(world, scene, *slot, (place, sign, takes), rate * (1.0 + 10.0 * others));
        let (field, aspect) = (name.into(), Aspect::Charset);
        let mark = world.subjects.at_mut(*slot).mark_mut(Detector::Injection);
        mark.oddest = Some(Box::new(Oddest { field, aspect, ..Oddest::default() }));
    }
}

fn step(
    world: &mut World,
    scene: &Scene<'_>,
    slot: usize,
    (place, sign, takes): (u64, Sign, Takes),
    rate: f64,
) {
    let reacted = reacts(world, scene);
    let subject = world.subjects.at_mut(slot);
    let mark = subject.mark_mut(Detector::Injection);
    let bits = if matches!(takes, Takes::Barred(_)) { BARRED_BITS } else { OTHER_BITS };
    let width = u64::from(bits.end - bits.start);
    let bit = 1 << (bits.start + u32::try_from(mix(place, 7) % width).unwrap_or(0));
    let fresh = mark.kinds & bit == 0;
    let news = reacted && (fresh || mark.kinds & REACTED == 0);
    mark.kinds |= bit | 1 << sign as u32 | if reacted { REACTED } else { 0 };
    if fresh {
        subject.step_proof(Detector::Injection, rate, scene.day, scene.attested);
    }
    if news {
        subject.step_proof(Detector::Injection, REACTS_RATE, scene.day, scene.attested);
    }
    if fresh || news {
        world.charge(slot, Detector::Injection, scene);
    }
}

/// Whether the service fails, is slow, or gives out far more than usual just then: the code was most likely run.
fn reacts(world: &World, scene: &Scene<'_>) -> bool {
    let call: &ApiCall = scene.call;
    if scene.outage {
        return false;
    }
    let route = scene.route().map(|id| world.routes.route(id));
    if call.outcome() == Outcome::Failed {
        return route.is_some_and(|route| route.errors * 10 < route.calls);
    }
    let Some(form) = world.shared.content.forms.get(scene.symbol()) else { return false };
    #[expect(clippy::cast_precision_loss, reason = "sizes in octaves")]
    let (took, gave) = (call.duration_us.unwrap_or(0) as f32, call.response_bytes as f32);
    let beyond = |gauge: &crate::stats::Gauge, size: f32| {
        gauge.votes() >= 50 && size > TIMES_USUAL * (gauge.quantile(0.99).exp2() - 1.0)
    };
    scene.served() && (took > DELAY_US && beyond(&form.took, took) || beyond(&form.gave, gave))
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(mark) = subject.marked(Detector::Injection) else { return Assessment::SILENT };
    let (barred, others) = (places_in(mark, BARRED_BITS), places_in(mark, OTHER_BITS));
    let reacted = u32::from(mark.kinds & REACTED != 0);
    let p = mark.proof.p();
    Assessment {
        p,
        unattested: mark.unattested_p(p),
        limit: match () {
            () if barred > 0 && barred + reacted >= BARRED_MIN => Action::Block,
            () if barred > 0 || others >= BARRED_MIN => Action::StepUp,
            () => Action::Notify,
        },
        demand: Action::Observe,
    }
}

/// Distinct places; a few may share a bit.
fn places_in(mark: &Mark, bits: std::ops::Range<u32>) -> u32 {
    bits.filter(|bit| mark.kinds & 1 << bit != 0).count().try_into().unwrap_or(0)
}

fn explain(world: &World, subject: &Subject) -> Words {
    let Some(mark) = subject.marked(Detector::Injection) else { return Words::default() };
    let signs = Sign::ALL.iter().filter(|sign| mark.kinds & 1 << **sign as u32 != 0);
    let signs = signs.map(|sign| sign.name()).collect::<Vec<_>>().join(", ");
    let (barred, others) = (places_in(mark, BARRED_BITS), places_in(mark, OTHER_BITS));
    let took = span(mark.first, mark.last);
    let field = mark.oddest.as_ref().map_or("", |oddest| oddest.field.as_str());
    let route = mark.route.map(|id| world.routes.route(id));
    let last = route.map_or_else(String::new, |route| format!(" of {} {}", route.method, route.template));
    let reaction = if mark.kinds & REACTED == 0 {
        "no answer was out of the ordinary"
    } else {
        "the service failed, was slow or gave more than usual"
    };
    let all = count(u64::from(barred + others), "field");
    Words {
        expected: "fewer than 3 callers of good standing send such text into these fields".to_owned(),
        observed: format!(
            "text that looks like {signs} in {all}, {barred} of which never held such characters, {took}; {reaction}"
        ),
        reason: format!(
            "Sent text that looks like {signs} into {all} {took}, last `{field}`{last}; {reaction}."
        ),
        refuted_by: "These fields take free text, and this caller writes about code.".to_owned(),
    }
}
