//! Null hypothesis: a request looks no odder beside other callers' requests to its route than the oddest one of a peer's day:
//! types, lengths, characters, names, repeated names, sizes. Requests in, the day's surprise out. Never blocks: what is only
//! odd may be new.

use model::{Action, BodyFacts, BodyState, Field, Grade, Shape};

use super::{Assessment, Detector, Spec, Words};
use crate::{
    habits::content::Oddest,
    scene::{Deed, Scene},
    stats::Aspect,
    subjects::Subject,
    world::World,
};

pub(super) const SPEC: Spec =
    Spec { name: "shape", detector: Detector::Shape, observe, assess, explain, ..Spec::SCORE };

/// Surprise below which a request says nothing, in nats.
const SCORE_MIN: f32 = 4.0;
/// What a member adds that nobody sends but answers show, in nats.
const ASSIGNED: f32 = 4.6;
/// What a request holds.
struct Sent<'a> {
    query: &'a [Field],
    body: &'a [Field],
    shape: Option<(&'a Shape, u64)>,
}

impl<'a> Sent<'a> {
    fn by(scene: &Scene<'a>) -> Option<Self> {
        let details = scene.call.details.as_ref()?;
        let known = |body: &&BodyFacts| !matches!(body.state, BodyState::Opaque | BodyState::Truncated);
        let body = details.request.as_ref().filter(known);
        Some(Self {
            query: &details.query,
            body: body.map_or(&[], |body| &body.fields),
            shape: body.and_then(|body| Some((body.shape.as_ref()?, body.bytes))),
        })
    }
}

fn observe(world: &mut World, scene: &Scene<'_>) {
    let call = scene.call;
    if scene.seen.route.is_none() || call.grade == Grade::C || scene.deed == Deed::Aside {
        return;
    }
    let (Some(sent), symbol) = (Sent::by(scene), scene.symbol()) else { return };
    let forms = &world.shared.content.forms;
    if let Some(form) = forms.get(symbol)
        && !form.is_plain(sent.query, sent.body, sent.shape)
    {
        let mut oddest = form.oddest(sent.query, sent.body, sent.shape);
        if oddest.aspect == Aspect::Unknown {
            let taken = forms.shows(&scene.seen.noun, &oddest.field, scene.day);
            oddest.score += if taken { ASSIGNED } else { 0.0 };
        }
        if oddest.score > SCORE_MIN {
            scene.judged.iter().for_each(|slot| weigh(world, scene, *slot, &oddest));
        }
    }
    if scene.served() && scene.attested && !scene.outage {
        learn(world, scene, &sent, symbol);
    }
}

fn weigh(world: &mut World, scene: &Scene<'_>, slot: usize, oddest: &Oddest) {
    world.score(slot, Detector::Shape, oddest.score, scene);
    if world.charged.last() == Some(&(slot, Detector::Shape)) {
        world.subjects.at_mut(slot).mark_mut(Detector::Shape).oddest = Some(Box::new(oddest.clone()));
    }
}

/// One vote of a caller on a form and day.
fn learn(world: &mut World, scene: &Scene<'_>, sent: &Sent<'_>, symbol: u32) {
    let Some(slot) = scene.judged.first() else { return };
    let subject = world.subjects.at_mut(*slot);
    if !subject.teaches() {
        return;
    }
    let key = crate::habits::content::form_key(symbol);
    let Some(habits) = &mut subject.habits else { return };
    if !habits.content.votes_on(scene.day, key) {
        return;
    }
    let forms = &mut world.shared.content.forms;
    if let Some(response) = scene.call.details.as_ref().and_then(|details| details.response.as_ref()) {
        forms.show(&scene.seen.noun, &response.fields, scene.day);
    }
    let Some(form) = forms.enter(symbol, &mut world.losses) else { return };
    form.query.learn(sent.query, None);
    if sent.shape.is_some() || !sent.body.is_empty() {
        form.body.learn(sent.body, sent.shape);
    }
    #[expect(clippy::cast_precision_loss, reason = "sizes in octaves")]
    let (took, gave) = (scene.call.duration_us.unwrap_or(0) as f32, scene.bytes() as f32);
    form.took.learn(took);
    form.gave.learn(gave);
}

fn assess(_: &World, _: &Subject) -> Assessment {
    Assessment::scored(Action::StepUp)
}

fn explain(world: &World, subject: &Subject) -> Words {
    let mark = subject.marked(Detector::Shape);
    let Some((mark, odd)) = mark.and_then(|mark| Some((mark, mark.oddest.as_ref()?))) else {
        return Words::default();
    };
    let route = mark.route.map(|id| world.routes.route(id));
    let route = route.map_or_else(String::new, |route| format!(" of {} {}", route.method, route.template));
    let (expected, observed) = words(odd);
    Words {
        expected: format!("{expected} in {} requests of others{route}", odd.votes),
        reason: format!("Sent {observed}{route}; {expected} in {} requests of others.", odd.votes),
        observed,
        refuted_by: "A new version of the client sends this, or the route takes it since today.".to_owned(),
    }
}

/// What is usual and what came, in words.
fn words(odd: &Oddest) -> (String, String) {
    let Oddest { seen, usual, field, .. } = odd;
    match odd.aspect {
        Aspect::Size => {
            (format!("99 % of `{field}` are at most {usual:.0}"), format!("`{field}` of size {seen:.0}"))
        }
        Aspect::Depth => {
            (format!("99 % nest at most {usual:.0} deep"), format!("a body nested {seen:.0} deep"))
        }
        Aspect::Longest => {
            (format!("99 % hold lists of at most {usual:.0}"), format!("a list of {seen:.0} items"))
        }
        Aspect::Values => {
            (format!("99 % hold at most {usual:.0} values"), format!("a body of {seen:.0} values"))
        }
        Aspect::Bytes => {
            (format!("99 % have at most {usual:.0} bytes"), format!("a body of {seen:.0} bytes"))
        }
        Aspect::Unknown => {
            (format!("{usual:.1} % bring a new name"), format!("the unknown member `{field}`"))
        }
        Aspect::Repeated => (format!("{usual:.1} % repeat a name"), format!("the name `{field}` twice")),
        Aspect::Missing => (format!("{usual:.1} % hold `{field}`"), format!("no `{field}`")),
        Aspect::Kind => (format!("`{field}` is of one type"), format!("`{field}` of another type")),
        Aspect::Charset => (
            format!("`{field}` holds few kinds of characters"),
            format!("`{field}` with characters that it never holds"),
        ),
        Aspect::Choice => {
            (format!("`{field}` has few values"), format!("`{field}` with a look that it never has"))
        }
        Aspect::Style => (format!("`{field}` is an id of one form"), format!("`{field}` of another form")),
        Aspect::Nothing => (String::new(), String::new()),
    }
}
