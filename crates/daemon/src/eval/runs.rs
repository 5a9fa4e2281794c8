//! One world, from its first call to its last: simulated, judged, enforced, and compared with the truth.

use engine::{AuditedDay, DetectorFacts, Engine, EngineConfig, Judgement};
use eval::{Contest, ContestScores, Cost, Day, Label, Scores, Stability, Tally};
use model::{Action, ApiCall, Mode, Pseudonyms, Timestamp, VerdictId};
use pipe::Sequencer;
use sim::{AttackOrder, Events, SimConfig, Simulation, WorldName};

use super::{
    cut::{Change, Cut},
    truth::{label, truth},
};
use crate::{
    clock::Stopwatch,
    fault::{Exit, Fault},
};

/// One call in so many is timed.
const TIMED: u64 = 61;
/// Times kept per run.
const TIMES_MAX: usize = 200_000;
/// Calls from one restart to the next.
const RESTART: u64 = 100_000;
/// Calls that are put out of order together.
const SHUFFLED: usize = 64;

/// One world of one seed.
#[derive(Clone, Copy)]
pub(super) struct World {
    pub(super) name: WorldName,
    pub(super) seed: u64,
}

impl World {
    fn says(&self) -> String {
        format!("{} {}", self.name.name(), self.seed)
    }

    /// Keys differ by seed, so that no hash is worth learning.
    fn names(&self) -> Pseudonyms {
        let seed = self.seed.to_be_bytes();
        let mut key = *b"evaluation______";
        key[8..].copy_from_slice(&seed);
        Pseudonyms::new(key)
    }

    fn simulation(&self, cut: &Cut, loss: f64) -> Result<Simulation, Fault> {
        let attacks = cut.kinds.iter().map(|kind| AttackOrder::new(kind, cut.instances)).collect();
        let config = SimConfig {
            seed: self.seed,
            world: self.name,
            principals: cut.principals,
            days: cut.days,
            attacks,
            events: Events::Every,
            loss,
            ..SimConfig::default()
        };
        Simulation::new(config, self.names()).map_err(|error| Fault::new(Exit::Usage, error.to_string()))
    }

    fn first_day(&self) -> u16 {
        u16::try_from(SimConfig::default().start.as_secs() / 86_400).unwrap_or_default()
    }
}

/// What judging cost.
#[derive(Clone, Debug, Default)]
pub(super) struct Costs {
    nanos: Vec<u32>,
    bytes: u64,
    rows: u64,
    most: u64,
}

impl Costs {
    /// Adds another run.
    pub(super) fn add(&mut self, other: Self) {
        self.nanos.extend(other.nanos);
        self.bytes += other.bytes;
        self.rows += other.rows;
        self.most = self.most.max(other.most);
    }

    /// The figures.
    pub(super) fn of(mut self) -> Cost {
        self.nanos.sort_unstable();
        let at = |share: f64| {
            let place = (share * self.nanos.len() as f64) as usize;
            self.nanos.get(place).copied().map_or(0.0, f64::from)
        };
        Cost {
            observe_ns_p50: at(0.5),
            observe_ns_p99: at(0.99),
            bytes_per_principal: if self.rows == 0 { 0.0 } else { self.bytes as f64 / self.rows as f64 },
            principals: self.most,
        }
    }
}

/// Ours in a closed loop: what it blocks is refused by the world, and whoever is refused reacts.
pub(super) fn ours(
    world: World,
    cut: &Cut,
    budget: f64,
    change: Option<&Change>,
) -> Result<(Scores, Costs), Fault> {
    let loss = change.map_or(cut.loss, |change| cut.loss.max(change.loss));
    let mut simulation = world.simulation(cut, loss)?;
    let mut config = settings(budget);
    config.audit_days = true;
    if let Some(change) = change {
        (change.engine)(&mut config);
    }
    let mut engine = Engine::new(config, world.names());
    let mut tally = Tally::new(world.names());
    let (mut costs, mut judgements, mut clock) = (Costs::default(), Vec::new(), Timestamp::ZERO);
    let mut count = 0_u64;
    let detectors = engine::detectors();
    while let Some((call, origin)) = simulation.next() {
        tally.call(&call, label(&origin));
        count += 1;
        let watch = count.is_multiple_of(TIMED).then(Stopwatch::start);
        engine.observe(&call, &mut judgements);
        if let Some(watch) = watch.filter(|_| costs.nanos.len() < TIMES_MAX) {
            costs.nanos.push(u32::try_from(watch.elapsed().as_nanos()).unwrap_or(u32::MAX));
        }
        tick(&mut engine, &mut clock, &call, &mut judgements);
        for day in engine.take_days() {
            audit(&mut tally, &day, &detectors);
        }
        for judgement in judgements.drain(..) {
            match judgement {
                Judgement::Finding(finding) => tally.finding(&finding),
                Judgement::Verdict(verdict) => {
                    let enforced = verdict.at.after(cut.delay);
                    tally.verdict(&verdict, enforced);
                    if verdict.would == Action::Block {
                        simulation.refuse(verdict.principal.id, enforced, verdict.until);
                    }
                }
            }
        }
    }
    let summary = engine.summary();
    (costs.bytes, costs.rows) = (summary.memory_bytes as u64, summary.principals);
    costs.most = summary.principals;
    let scores = Scores::of(tally, &truth(&simulation.truth()), &world.says(), world.first_day());
    Ok((scores, costs))
}

fn audit(tally: &mut Tally, day: &AuditedDay, detectors: &[DetectorFacts]) {
    let voices: Vec<_> = detectors.iter().zip(day.voices).map(|(facts, p)| (facts.name, p)).collect();
    let cohort = day.cohort.to_string();
    tally.day(day.principal, &Day { cohort: &cohort, p: day.p, voices: &voices });
}

/// Rules of others in an open loop: nobody is refused, so each sees every attack to its end.
pub(super) fn contest(world: World, cut: &Cut) -> Result<ContestScores, Fault> {
    let mut simulation = world.simulation(cut, cut.loss)?;
    let mut contest = Contest::new(world.names());
    for (call, origin) in simulation.by_ref() {
        contest.call(&call, label(&origin));
    }
    Ok(contest.finish(&truth(&simulation.truth())))
}

/// The same calls, nobody refused: plain, once more, out of order behind a sequencer, and with
/// restarts.
pub(super) fn stability(world: World, cut: &Cut) -> Result<Vec<Stability>, Fault> {
    let calls =
        || world.simulation(cut, cut.loss).map(|world| world.map(|(call, origin)| (call, label(&origin))));
    let budget = cut.budgets.first().copied().unwrap_or(2.0);
    let mut plain = verdicts(calls()?.map(|(call, _)| call), world, budget, u64::MAX)?;
    let mut again = verdicts(calls()?.map(|(call, _)| call), world, budget, u64::MAX)?;
    let mut mixed = verdicts(Shuffled::new(calls()?), world, budget, u64::MAX)?;
    let mut restarted = verdicts(calls()?.map(|(call, _)| call), world, budget, RESTART)?;
    plain.sort_unstable();
    let compared = |name: &str, other: &mut Vec<VerdictId>| {
        other.sort_unstable();
        Stability {
            name: name.to_owned(),
            verdicts: plain.len() as u64,
            different: difference(&plain, other),
        }
    };
    Ok(vec![
        compared("once more", &mut again),
        compared("out of order behind the sequencer", &mut mixed),
        compared("restarted from a snapshot every 100 000 calls", &mut restarted),
    ])
}

fn verdicts(
    calls: impl Iterator<Item = ApiCall>,
    world: World,
    budget: f64,
    restart: u64,
) -> Result<Vec<VerdictId>, Fault> {
    let mut engine = Engine::new(settings(budget), world.names());
    let (mut reached, mut judgements, mut clock) = (Vec::new(), Vec::new(), Timestamp::ZERO);
    for (count, call) in (1_u64..).zip(calls) {
        engine.observe(&call, &mut judgements);
        tick(&mut engine, &mut clock, &call, &mut judgements);
        reached.extend(judgements.drain(..).filter_map(|judgement| match judgement {
            Judgement::Verdict(verdict) => Some(verdict.id),
            Judgement::Finding(_) => None,
        }));
        if count.is_multiple_of(restart) {
            engine = restarted(&engine, world, budget)?;
        }
    }
    Ok(reached)
}

/// The engine that a new process would go on with.
fn restarted(engine: &Engine, world: World, budget: f64) -> Result<Engine, Fault> {
    let mut bytes = Vec::new();
    let written = engine.snapshot(&mut bytes);
    written.and_then(|()| Engine::restore(settings(budget), world.names(), &mut bytes.as_slice())).map_err(
        |error| {
            Fault::new(Exit::Io, format!("a snapshot was not taken up: {error}; this is a mistake of ours"))
        },
    )
}

/// Elements that only one of two sorted lists has.
fn difference(a: &[VerdictId], b: &[VerdictId]) -> u64 {
    let (mut at, mut other, mut common) = (0, 0, 0_usize);
    while let (Some(x), Some(y)) = (a.get(at), b.get(other)) {
        common += usize::from(x == y);
        at += usize::from(x <= y);
        other += usize::from(y <= x);
    }
    (a.len() + b.len() - 2 * common) as u64
}

/// The engine as a gateway's owner would set it: enforcing, at this budget.
fn settings(budget: f64) -> EngineConfig {
    EngineConfig { mode: Mode::Enforce, budget_false_blocks_per_million: budget, ..EngineConfig::default() }
}

/// Time goes on once a minute, as in a daemon whose ticks come by the second but matter by the minute.
fn tick(engine: &mut Engine, clock: &mut Timestamp, call: &ApiCall, judgements: &mut Vec<Judgement>) {
    if call.ended_at.as_secs() / 60 != clock.as_secs() / 60 {
        *clock = call.ended_at;
        engine.tick(*clock, judgements);
    }
}

/// Calls put out of order, as two sensors would deliver them, and in order again behind a sequencer.
struct Shuffled<I> {
    calls: I,
    sequencer: Sequencer<ApiCall>,
    batch: Vec<ApiCall>,
    ready: std::collections::VecDeque<ApiCall>,
}

impl<I: Iterator<Item = (ApiCall, Label)>> Shuffled<I> {
    fn new(calls: I) -> Self {
        Self {
            calls,
            sequencer: Sequencer::new(2, SHUFFLED * 8),
            batch: Vec::new(),
            ready: Default::default(),
        }
    }
}

impl<I: Iterator<Item = (ApiCall, Label)>> Iterator for Shuffled<I> {
    type Item = ApiCall;

    fn next(&mut self) -> Option<ApiCall> {
        loop {
            if let Some(call) = self.ready.pop_front() {
                return Some(call);
            }
            self.batch.extend(self.calls.by_ref().take(SHUFFLED).map(|(call, _)| call));
            let last = self.batch.is_empty();
            let watermark = self.batch.last().map_or(Timestamp::from_nanos(u64::MAX), |call| call.ended_at);
            // The order of the ids, which are hashes, has nothing to do with time.
            self.batch.sort_by_key(|call| call.id);
            for call in self.batch.drain(..) {
                self.sequencer.push(usize::from(call.id.0 % 2 == 1), call);
            }
            for lane in 0..2 {
                self.sequencer.advance(lane, watermark);
                if last {
                    self.sequencer.close(lane);
                }
            }
            while let Some(call) = self.sequencer.take() {
                self.ready.push_back(call);
            }
            if last && self.ready.is_empty() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_differ_by_what_only_one_has() {
        let ids = |ids: &[u128]| ids.iter().map(|id| VerdictId(*id)).collect::<Vec<_>>();
        assert_eq!(difference(&ids(&[1, 2, 3]), &ids(&[1, 2, 3])), 0);
        assert_eq!(difference(&ids(&[1, 2, 3]), &ids(&[2, 4])), 3);
        assert_eq!(difference(&ids(&[]), &ids(&[2, 4])), 2);
    }
}
