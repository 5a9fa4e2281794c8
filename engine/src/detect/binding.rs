//! Null hypothesis: a credential stays with one caller, who changes network or software now and then, not both at once
//! and back. Contexts in, step-up evidence out. Never blocks by itself.

use std::time::Duration;

use model::{Action, Grade, Timestamp};

use super::{About, Assessment, Crowding, Detector, Grounds, Spec, Voice, Words};
use crate::{
    explain::{count, span},
    hash::{Tag, remember},
    scene::{Scene, network},
    subjects::{Place, Places, Subject, software},
    world::{Agent, World},
};

pub(super) const SPEC: Spec = Spec {
    name: "binding",
    detector: Detector::Binding,
    grounds: Grounds::Bound,
    voice: Voice::Support,
    crowding: Crowding::Excuses,
    about: About::Credentials,
    observe,
    assess,
    explain,
    ..Spec::BOUND
};

/// Contexts kept per credential; the longest unused goes first.
const PLACES_MAX: usize = 4;
/// Calls from which a credential has a history.
const HISTORY_CALLS: u32 = 5;
/// Going back to another context within this time counts as using both at once.
const INTERLEAVE: Duration = Duration::from_secs(180);
/// Switches between contexts that make a fork.
const FORK_SWITCHES: u8 = 2;
/// Callers switching to one software within a day that make it a release.
const RELEASE: usize = 8;
/// Evidence of one new distant context, and of one switch back, in natural logarithms.
const LN_NEW: f32 = 3.0;
const LN_SWITCH: f32 = 4.6;
const LN_MAX: f32 = 12.0;

fn observe(world: &mut World, scene: &Scene<'_>) {
    if scene.by_address || scene.call.grade == Grade::C {
        return;
    }
    let software = software(&scene.call.context);
    if software == 0 {
        return;
    }
    let network = network(scene.call);
    for slot in &scene.judged {
        let subject = world.subjects.at_mut(*slot);
        let (history, family) = (subject.calls, subject.family);
        let places = subject.places.get_or_insert_default();
        let moved = places.visit(network, software, history, scene.call.ended_at);
        let released = match moved {
            Move::Stayed => continue,
            Move::Updated => {
                adopt(world, scene, family);
                continue;
            }
            Move::Distant => is_release(world, scene),
            Move::Back => false,
        };
        let Some(places) = &mut world.subjects.at_mut(*slot).places else { continue };
        if places.roams || released || !scene.attested {
            continue;
        }
        places.ln = (places.ln + if moved == Move::Back { LN_SWITCH } else { LN_NEW }).min(LN_MAX);
        world.charge(*slot, Detector::Binding, scene);
    }
}

/// What a call's context means for its credential.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Move {
    /// Known context, or new network with known software.
    Stayed,
    /// New software in a known network.
    Updated,
    /// New network and new software at once.
    Distant,
    /// Back in a distant context used a moment ago.
    Back,
}

impl Places {
    fn visit(&mut self, network: u32, software: u32, history: u32, now: Timestamp) -> Move {
        let before = self.known.get(usize::from(self.last)).copied();
        let at = self.known.iter().position(|place| place.network == network && place.software == software);
        if let Some(at) = at {
            let here = self.known[at];
            self.known[at].last = now;
            self.known[at].calls = here.calls.saturating_add(1);
            self.last = u8::try_from(at).unwrap_or(0);
            let distant = before.is_some_and(|before| before.cluster != here.cluster);
            if !distant {
                return Move::Stayed;
            }
            self.switches = self.switches.saturating_add(1);
            return if now.since(here.last) <= INTERLEAVE {
                self.returns = self.returns.saturating_add(1);
                Move::Back
            } else {
                Move::Stayed
            };
        }
        let same_network =
            self.known.iter().find(|place| place.network == network).map(|place| place.cluster);
        let same_software =
            self.known.iter().find(|place| place.software == software).map(|place| place.cluster);
        let fresh = (0..=u8::MAX).find(|id| self.known.iter().all(|place| place.cluster != *id)).unwrap_or(0);
        let cluster = same_software.or(same_network).unwrap_or(fresh);
        self.enter(Place { network, software, cluster, last: now, calls: 1 });
        match (same_network, same_software) {
            _ if before.is_none() => Move::Stayed,
            (None, None) => {
                self.far = self.far.saturating_add(1);
                // A credential that lives in several places from its first calls on is shared by design.
                self.roams |= history <= HISTORY_CALLS;
                if history > HISTORY_CALLS { Move::Distant } else { Move::Stayed }
            }
            (Some(_), None) => Move::Updated,
            _ => Move::Stayed,
        }
    }

    fn enter(&mut self, place: Place) {
        if self.known.len() >= PLACES_MAX {
            let oldest = (0..self.known.len()).min_by_key(|at| self.known[*at].last).unwrap_or(0);
            self.known[oldest] = place;
            self.last = u8::try_from(oldest).unwrap_or(0);
        } else {
            self.last = u8::try_from(self.known.len()).unwrap_or(0);
            self.known.push(place);
        }
    }
}

/// Remembers who moved to a software within its own network: an update.
fn adopt(world: &mut World, scene: &Scene<'_>, family: Tag) {
    let key = crate::hash::mix(scene.call.context.agent, 13);
    if world.agents.get(key).is_none() {
        world.agents.insert(key, Agent::default());
    }
    let Some(agent) = world.agents.get_mut(key) else { return };
    if agent.day != scene.day {
        *agent = Agent { day: scene.day, adopters: Vec::new() };
    }
    remember(&mut agent.adopters, family, RELEASE);
}

/// Whether many callers moved to this software lately.
fn is_release(world: &World, scene: &Scene<'_>) -> bool {
    let key = crate::hash::mix(scene.call.context.agent, 13);
    world.agents.get(key).is_some_and(|agent| agent.adopters.len() >= RELEASE)
}

fn assess(_: &World, subject: &Subject) -> Assessment {
    let Some(places) = &subject.places else { return Assessment::SILENT };
    if places.roams || places.ln <= 0.0 {
        return Assessment::SILENT;
    }
    let p = f64::from(-places.ln).exp();
    let fork = places.returns >= FORK_SWITCHES;
    let demand = if fork { Action::StepUp } else { Action::Observe };
    Assessment { p, unattested: p, limit: Action::StepUp, demand }
}

fn explain(_: &World, subject: &Subject) -> Words {
    let (Some(places), Some(mark)) = (&subject.places, subject.marked(Detector::Binding)) else {
        return Words::default();
    };
    let took = span(mark.first, mark.last);
    let switches = count(u64::from(places.returns), "switch");
    Words {
        expected: "a credential changes network and software one at a time and does not go back and forth"
            .to_owned(),
        observed: format!(
            "used from {} with different software, {switches} {took}",
            count(u64::from(places.far) + 1, "network")
        ),
        reason: format!(
            "One credential is used from {} with different software at the same time: {switches} between them {took}.",
            count(u64::from(places.far) + 1, "network")
        ),
        refuted_by: "Its holder runs several programs in several networks with this one credential."
            .to_owned(),
    }
}
