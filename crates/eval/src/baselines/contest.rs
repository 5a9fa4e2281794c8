//! The contest: calls with their labels in, for each rule the scores of honest actor-days and of attacks out. From them an
//! oracle takes the threshold that meets a budget.

use std::{cmp::Reverse, collections::BTreeMap};

use ahash::AHashMap;
use model::{ApiCall, Pseudonyms};

use super::{BASELINES, Baseline, View};
use crate::{
    honest::day_of,
    interval::{PerMillion, Share},
    quantile::{Spread, mean},
    report::{BaselineAt, BaselineReport},
    tally::carried,
    truth::{Label, Truth},
    usage::Usage,
};

const RULES: usize = BASELINES.len();
/// Highest scores of honest actor-days kept per rule: with more false alarms than these a budget is not resolved.
const TOP_MAX: usize = 8_192;
/// Steps kept of the way up of an attack's score.
const STEPS_MAX: usize = 256;
/// Honest actors followed.
const ACTORS_MAX: usize = 4_000_000;

/// The scores of one honest actor on its last day.
#[derive(Clone, Copy)]
struct Today {
    day: u16,
    most: [f32; RULES],
    tainted: bool,
}

/// One attack's scores: each new height, and the number of the call that reached it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Climb {
    calls: u64,
    steps: [Vec<(f32, u64)>; RULES],
}

/// All rules at work on one run.
pub struct Contest {
    names: Pseudonyms,
    rules: Vec<Box<dyn Baseline>>,
    usage: Usage,
    actors: AHashMap<u32, Today>,
    climbs: BTreeMap<u32, Climb>,
    top: [Vec<f32>; RULES],
    actor_days: u64,
}

impl Contest {
    /// All rules, knowing nothing yet.
    #[must_use]
    pub fn new(names: Pseudonyms) -> Self {
        Self {
            names,
            rules: BASELINES.iter().map(|spec| (spec.make)()).collect(),
            usage: Usage::new(),
            actors: AHashMap::new(),
            climbs: BTreeMap::new(),
            top: Default::default(),
            actor_days: 0,
        }
    }

    /// Takes in a call.
    pub fn call(&mut self, call: &ApiCall, label: Label) {
        let view = View::of(call, &self.names);
        let mut scores = [-1.0; RULES];
        for (score, rule) in scores.iter_mut().zip(&mut self.rules) {
            *score = rule.score(&view);
        }
        let carried = carried(call, &self.names);
        for principal in &carried {
            self.usage.learn(*principal, label);
        }
        if let Some(attack) = label.attack {
            self.attacking(attack, label.actor, &scores);
            return;
        }
        // Whoever shares a stolen credential is scored with its thief: that alarm is no mistake of the rule.
        let stolen = carried[1..].iter().any(|principal| {
            self.usage
                .of(*principal)
                .is_some_and(|users| !users.attacks.is_empty() && users.honest.len() == 1)
        });
        if !stolen {
            self.honestly(label.actor, day_of(call.at), &scores);
        }
    }

    /// The scores of this run.
    #[must_use]
    pub fn finish(mut self, truth: &Truth) -> ContestScores {
        let actors = std::mem::take(&mut self.actors);
        for today in actors.into_values().filter(|today| !today.tainted) {
            self.close(&today);
        }
        let climbs = self.climbs.into_iter().filter_map(|(number, climb)| {
            let attack = truth.attack(number)?;
            Some((attack.kind.clone(), climb))
        });
        let mut scores =
            ContestScores { top: self.top, actor_days: self.actor_days, climbs: climbs.collect() };
        scores.trim();
        scores
    }

    fn attacking(&mut self, attack: u32, actor: u32, scores: &[f32; RULES]) {
        if let Some(today) = self.actors.get_mut(&actor) {
            today.tainted = true;
        }
        let climb = self.climbs.entry(attack).or_default();
        climb.calls += 1;
        for (steps, score) in climb.steps.iter_mut().zip(scores) {
            let before = steps.last().map_or(0.0, |(height, _)| *height);
            // Steps of a twentieth are fine enough to find a threshold on the way.
            if *score > before * 1.05 && steps.len() < STEPS_MAX {
                steps.push((*score, climb.calls));
            } else if *score > before
                && let Some(last) = steps.last_mut()
            {
                last.0 = *score;
            }
        }
    }

    fn honestly(&mut self, actor: u32, day: u16, scores: &[f32; RULES]) {
        if self.actors.len() >= ACTORS_MAX && !self.actors.contains_key(&actor) {
            return;
        }
        let fresh = Today { day, most: [-1.0; RULES], tainted: false };
        let today = self.actors.entry(actor).or_insert(fresh);
        if today.tainted {
            return;
        }
        let finished = (today.day != day).then(|| std::mem::replace(today, fresh));
        for (most, score) in today.most.iter_mut().zip(scores) {
            *most = most.max(*score);
        }
        if let Some(finished) = finished {
            self.close(&finished);
        }
    }

    fn close(&mut self, today: &Today) {
        self.actor_days += 1;
        for (top, most) in self.top.iter_mut().zip(today.most) {
            top.push(most);
            if top.len() >= TOP_MAX * 2 {
                trim(top);
            }
        }
    }
}

/// The scores of one or more runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContestScores {
    /// The highest scores of honest actor-days, for each rule.
    top: [Vec<f32>; RULES],
    actor_days: u64,
    climbs: Vec<(String, Climb)>,
}

impl ContestScores {
    /// Adds another run.
    pub fn add(&mut self, other: Self) {
        for (mine, more) in self.top.iter_mut().zip(other.top) {
            mine.extend(more);
        }
        self.trim();
        self.actor_days += other.actor_days;
        self.climbs.extend(other.climbs);
    }

    /// What each rule finds at each budget of false alarms per million honest actor-days, with the lowest threshold that
    /// keeps it; and at its published threshold, where it has one.
    #[must_use]
    pub fn report(&self, budgets: &[f64]) -> Vec<BaselineReport> {
        let reports = BASELINES.iter().enumerate().map(|(rule, spec)| {
            let mut at: Vec<_> = budgets
                .iter()
                .map(|budget| self.at(rule, Some(*budget), self.oracle(rule, *budget)))
                .collect();
            if spec.published {
                at.push(self.at(rule, None, 1.0));
            }
            BaselineReport { name: spec.name.to_owned(), about: spec.about.to_owned(), at }
        });
        reports.collect()
    }

    /// The lowest threshold above 0 that no more honest actor-days reach than the budget allows.
    fn oracle(&self, rule: usize, budget: f64) -> f32 {
        let allowed = (budget * self.actor_days as f64 / 1e6) as usize;
        self.top[rule].get(allowed).map_or(f32::MIN_POSITIVE, |score| score.max(0.0).next_up())
    }

    fn at(&self, rule: usize, budget: Option<f64>, threshold: f32) -> BaselineAt {
        let alarms = self.top[rule].iter().filter(|score| **score >= threshold).count() as u64;
        let mut found: BTreeMap<&str, (u64, Vec<f64>)> = BTreeMap::new();
        for (kind, climb) in &self.climbs {
            let first = climb.steps[rule].iter().find(|(height, _)| *height >= threshold);
            let (all, calls) = found.entry(kind).or_default();
            *all += 1;
            calls.extend(first.map(|(_, calls)| *calls as f64));
        }
        let share = |(all, calls): &(u64, Vec<f64>)| Share::new(calls.len() as u64, *all);
        BaselineAt {
            budget,
            threshold: f64::from(threshold),
            false_alarms: PerMillion::new(alarms, self.actor_days),
            macro_share: mean(found.values().map(|row| share(row).share)),
            kinds: found.iter().map(|(kind, row)| ((*kind).to_owned(), share(row))).collect(),
            calls: found
                .into_iter()
                .filter(|(_, (_, calls))| !calls.is_empty())
                .map(|(kind, (_, calls))| (kind.to_owned(), Spread::of(calls).median))
                .collect(),
        }
    }

    fn trim(&mut self) {
        self.top.iter_mut().for_each(trim);
    }
}

/// Keeps the highest scores, highest first.
fn trim(top: &mut Vec<f32>) {
    top.sort_unstable_by_key(|score| Reverse(ordered(*score)));
    top.truncate(TOP_MAX);
}

/// A whole number that sorts as the score does.
fn ordered(score: f32) -> i32 {
    let bits = score.to_bits().cast_signed();
    bits ^ (((bits >> 31).cast_unsigned()) >> 1).cast_signed()
}
