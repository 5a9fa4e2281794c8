//! Scores of one run: the tally and the ground truth in, what became of every attack and every honest actor out.

use std::collections::{BTreeMap, BTreeSet};

use model::PrincipalKind;
use serde::{Deserialize, Serialize};

use crate::{
    calibration::Calibration,
    honest::{AGES, Cell, Wrong},
    progress::Reached,
    tally::{Course, Raised, Tally},
    tier::Tier,
    truth::{Attack, Truth},
};

/// Wrong blocks told in full per run.
const EXAMPLES_MAX: usize = 40;
/// Days in which a deployment learns, and blocks for little.
const LEARNING_DAYS: f64 = 7.0;
/// Detectors whose verdicts rest on many actors together.
const CROWD: [&str; 2] = ["campaign", "stuffing"];

/// What one run came to.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    /// Calls seen.
    pub calls: u64,
    /// Of these, calls of honest actors.
    pub honest_calls: u64,
    /// Honest actors, all together.
    pub total: Cell,
    /// By archetype.
    pub archetypes: BTreeMap<String, Cell>,
    /// By age since their first call, as [`AGES`].
    pub ages: [Cell; 4],
    /// By day.
    pub days: Vec<DayCell>,
    /// Whom blocks refused that made honest calls.
    pub denials: Denials,
    /// What became of each attack that began.
    pub outcomes: Vec<Outcome>,
    /// Probabilities of honest principal-days.
    pub calibration: Calibration,
    /// Verdicts that rest on many actors together: on members of an attack, and on innocents.
    pub crowd: [u64; 2],
    /// Wrong blocks, the first ones.
    pub examples: Vec<Example>,
    /// Verdicts too many to remember.
    pub unrecorded: u64,
}

/// One day of one world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCell {
    /// The world and its seed.
    pub world: String,
    /// Days since the world's first.
    pub day: u16,
    /// What happened to everybody on it.
    pub upheavals: Vec<String>,
    /// Its honest actors.
    pub cell: Cell,
}

/// Honest actors refused, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Denials {
    /// By blocks of innocent principals.
    pub mistaken: Denial,
    /// By blocks of principals that an attacker pretended to be.
    pub framed: Denial,
    /// By blocks of addresses that an attacker used too.
    pub shared: Denial,
    /// By blocks of credentials that were stolen.
    pub stolen: Denial,
}

/// Honest actors refused for one cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Denial {
    /// Blocks.
    pub blocks: u64,
    /// Actors refused, once per block.
    pub actors: u64,
    /// From each one's first refused call to the end of the block.
    pub minutes: f64,
}

/// A wrong block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// World and seed.
    pub world: String,
    /// Days since the world's first.
    pub day: u16,
    /// What happened to everybody on it.
    pub upheavals: Vec<String>,
    /// Kind of the principal.
    pub principal: String,
    /// Archetype of the actor.
    pub archetype: String,
    /// Its age.
    pub age: String,
    /// The strongest detectors.
    pub detectors: Vec<String>,
    /// The verdict's probability.
    pub p: f64,
    /// The verdict's sentence.
    pub reason: String,
    /// An attacker pretended to be it.
    pub framed: bool,
}

/// What became of one attack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The attack's kind and marks.
    pub attack: Attack,
    /// It began after the deployment's first week, in which it learns.
    pub settled: bool,
    /// What it reached in the end.
    pub end: Reached,
    /// Its calls that met a block.
    pub refused: u64,
    /// What it had reached at the first verdict of each tier or a higher one.
    pub hits: [Option<Reached>; 3],
    /// What it had reached when a detector that explains it first spoke, or a verdict hit it.
    pub noticed: Option<Reached>,
    /// A detector that explains it is among the two strongest of its first firm verdict; `None` without verdict.
    pub explained: Option<bool>,
    /// Members on whom a verdict fell.
    pub members_hit: u64,
    /// Enforceable verdicts on its victims.
    pub framed: u64,
}

impl Scores {
    /// Compares a tally with the truth. `world` names the run; days count from `first_day`, itself since the epoch.
    #[must_use]
    pub fn of(mut tally: Tally, truth: &Truth, world: &str, first_day: u16) -> Self {
        let mut scores = Self { calls: tally.calls, unrecorded: tally.unrecorded, ..Self::default() };
        let raised = std::mem::take(&mut tally.raised);
        for verdict in &raised {
            scores.weigh(verdict, &mut tally, truth, world, first_day);
        }
        let attacks = tally.courses.iter().filter_map(|(number, course)| {
            let attack = truth.attack(*number)?;
            let settled =
                course.progress.first.zip(tally.first).is_some_and(|(began, first)| {
                    began.since(first).as_secs_f64() >= LEARNING_DAYS * 86_400.0
                });
            Some(Outcome { settled, ..outcome(attack, course, &raised) })
        });
        scores.outcomes = attacks.collect();
        scores.honest_calls = tally.honest.calls;
        scores.total = tally.honest.total;
        scores.ages = tally.honest.ages;
        let name = |at: u16| truth.archetypes.get(usize::from(at)).cloned().unwrap_or_else(|| at.to_string());
        scores.archetypes = tally.honest.archetypes.iter().map(|(at, cell)| (name(*at), *cell)).collect();
        let day = |(day, cell): (&u16, &Cell)| DayCell {
            world: world.to_owned(),
            day: day.saturating_sub(first_day),
            upheavals: owned(&truth.upheavals_on(*day)),
            cell: *cell,
        };
        scores.days = tally.honest.days.iter().map(day).collect();
        scores.calibration = tally.calibration;
        scores
    }

    /// Adds another run.
    pub fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.honest_calls += other.honest_calls;
        self.total.add(&other.total);
        for (name, cell) in other.archetypes {
            self.archetypes.entry(name).or_default().add(&cell);
        }
        for (mine, more) in self.ages.iter_mut().zip(&other.ages) {
            mine.add(more);
        }
        self.days.extend(other.days);
        let mine = &mut self.denials;
        for (sum, more) in [
            (&mut mine.mistaken, other.denials.mistaken),
            (&mut mine.framed, other.denials.framed),
            (&mut mine.shared, other.denials.shared),
            (&mut mine.stolen, other.denials.stolen),
        ] {
            sum.blocks += more.blocks;
            sum.actors += more.actors;
            sum.minutes += more.minutes;
        }
        self.outcomes.extend(other.outcomes);
        self.calibration.add(&other.calibration);
        self.crowd = [self.crowd[0] + other.crowd[0], self.crowd[1] + other.crowd[1]];
        self.examples.extend(other.examples);
        self.unrecorded += other.unrecorded;
    }

    /// Counts a verdict as right or wrong, and whom else it refused.
    fn weigh(&mut self, verdict: &Raised, tally: &mut Tally, truth: &Truth, world: &str, first_day: u16) {
        let right = verdict.users.attacks.iter().any(|attack| hits(verdict, *attack, truth));
        let is_victim = |attack: &u32| {
            truth.attack(*attack).is_some_and(|attack| attack.victims.contains(&verdict.principal))
        };
        let framed = !right && truth.attacks.iter().any(|attack| is_victim(&attack.number));
        if verdict.detectors.iter().take(2).any(|name| CROWD.contains(&name.as_str())) {
            self.crowd[usize::from(!right)] += 1;
        }
        if !right && !verdict.users.attacks.is_empty() {
            // The tally took it for right, since calls of an attack carried the principal.
            let whom = verdict.users.honest.first().copied().unwrap_or(verdict.users.latest);
            tally.honest.wrong(whom, verdict.at, Wrong::Raised(verdict.tier));
        }
        if verdict.tier != Tier::Block {
            return;
        }
        let denials = &mut self.denials;
        let denial = match (right, framed, verdict.kind) {
            (false, true, _) => &mut denials.framed,
            (false, false, _) => &mut denials.mistaken,
            (true, _, PrincipalKind::Ip) => &mut denials.shared,
            (true, ..) => &mut denials.stolen,
        };
        denial.blocks += u64::from(!right || verdict.denied_actors > 0);
        denial.actors += verdict.denied_actors;
        denial.minutes += verdict.denied_minutes;
        if !right && self.examples.len() < EXAMPLES_MAX {
            self.examples.push(example(verdict, tally, truth, world, first_day, framed));
        }
    }
}

/// Whether a verdict hits an attack rather than somebody whom it resembles.
fn hits(verdict: &Raised, attack: u32, truth: &Truth) -> bool {
    let also_honest = !verdict.users.honest.is_empty();
    truth.attack(attack).is_some_and(|attack| attack.is_hit_by(verdict.principal, verdict.kind, also_honest))
}

fn example(
    verdict: &Raised,
    tally: &Tally,
    truth: &Truth,
    world: &str,
    first_day: u16,
    framed: bool,
) -> Example {
    let day = Tally::day_of(verdict);
    let kind = tally.honest.kind_of(verdict.users.latest);
    let archetype = kind.and_then(|(archetype, _)| truth.archetypes.get(usize::from(archetype)));
    Example {
        world: world.to_owned(),
        day: day.saturating_sub(first_day),
        upheavals: owned(&truth.upheavals_on(day)),
        principal: verdict.kind.name().to_owned(),
        archetype: archetype.cloned().unwrap_or_default(),
        age: kind.and_then(|(_, age)| AGES.get(age)).map(ToString::to_string).unwrap_or_default(),
        detectors: verdict.detectors.clone(),
        p: verdict.p,
        reason: verdict.reason.clone(),
        framed,
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn outcome(attack: &Attack, course: &Course, raised: &[Raised]) -> Outcome {
    let mut outcome = Outcome {
        attack: attack.clone(),
        end: course.progress.now,
        refused: course.progress.refused,
        ..Outcome::default()
    };
    let mut members = BTreeSet::new();
    let mut firm: Option<&Raised> = None;
    for verdict in raised {
        if attack.victims.contains(&verdict.principal) {
            outcome.framed += 1;
        }
        let Some((_, reached)) = verdict.reached.iter().find(|(number, _)| *number == attack.number) else {
            continue;
        };
        if !attack.is_hit_by(verdict.principal, verdict.kind, !verdict.users.honest.is_empty()) {
            continue;
        }
        for tier in Tier::ALL.iter().filter(|tier| **tier <= verdict.tier) {
            outcome.hits[*tier as usize].get_or_insert(*reached);
        }
        members.insert(verdict.users.latest);
        if firm.is_none_or(|before| before.tier < Tier::StepUp && verdict.tier >= Tier::StepUp) {
            firm = Some(verdict);
        }
    }
    outcome.members_hit = members.len() as u64;
    let explains = |name: &String| attack.explained_by.contains(name);
    outcome.explained = firm.map(|verdict| verdict.detectors.iter().take(2).any(explains));
    let spoke =
        course.findings.iter().filter(|(detector, _)| explains(detector)).map(|(_, reached)| *reached);
    outcome.noticed = spoke.chain(outcome.hits[0]).min_by_key(|reached| reached.calls);
    outcome
}
