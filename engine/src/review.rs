//! Review: the habits of everybody in, a list of those that stand out most among their peers out. For who was there before we
//! were: his own past excuses him, his peers do not. Never judges, never teaches.

use std::collections::BTreeMap;

use model::{Evidence, Finding, FindingId, Timestamp};

use crate::{
    detect::{Detector, REGISTRY},
    explain::count,
    meters::Metric,
    scene::day_of,
    subjects::Subject,
    world::World,
};

/// Days between two reviews; the first is at the end of the first week.
const EVERY_DAYS: u16 = 7;
/// Calls, and days with a call, after which somebody is looked at; his last call is no older than a review.
const CALLS_MIN: u32 = 20;
const ACTIVE_MIN: u8 = 2;
/// Share of callers that a list names, the least and the most.
const NAMED_ONE_IN: usize = 1_000;
const NAMED_MIN: usize = 10;
const NAMED_MAX: usize = 20;
/// Peers, those with the same sort of credential and of one kind, that are enough to be compared with (else all of the sort), and callers that what is usual among them is learnt from, evenly spread.
const PEERS_MIN: usize = 10;
const ROWS: usize = 3_000;
/// Deviations from the median that are usual, and from which more counts no more.
const USUAL: f64 = 3.0;
const MOST: f64 = 15.0;
/// Least width of what is usual: a factor of about 1.3.
const WIDTH_MIN: f64 = 0.25;
/// What is compared: the amounts of a usual day, and what follows them.
const TRAITS: usize = Metric::TAKEN.len() + 4;
const STRANGERS: usize = Metric::TAKEN.len();
const FAILURES: usize = STRANGERS + 1;
const ERRORS: usize = STRANGERS + 2;
const NIGHT: usize = STRANGERS + 3;

/// The traits of one caller, as they are.
type Row = [f64; TRAITS];

/// Median and width of a trait among peers, of the logarithm.
type Usual = [(f64, f64); TRAITS];

/// Somebody who stands out.
struct Odd {
    slot: usize,
    score: f64,
    row: Row,
    /// What stands out most, and what is in the middle among its peers.
    most: usize,
    middle: f64,
}

/// What is compared of a caller, if it is known well enough.
fn row(subject: &Subject, day: u16) -> Option<Row> {
    let habits = subject.habits.as_ref()?;
    let meters = &habits.volume.meters;
    let lately = day_of(subject.last) + EVERY_DAYS >= day;
    let is_known = subject.calls >= CALLS_MIN && meters.active() >= ACTIVE_MIN && lately;
    if !subject.principal.kind.is_credential() || !is_known {
        return None;
    }
    let mut row = [0.0; TRAITS];
    for (at, metric) in Metric::TAKEN.into_iter().enumerate() {
        row[at] = meters.rate(metric).0.into();
    }
    if let Some(suspicion) = &subject.suspicion {
        row[STRANGERS] = f64::from(suspicion.strangers.all());
        row[FAILURES] = suspicion.targets.len() as f64;
    }
    let (errors, night) = subject.profile.errors_and_night();
    (row[ERRORS], row[NIGHT]) = (10.0 * errors, 10.0 * night);
    Some(row)
}

/// What is usual among these: medians, and their median distance from it.
fn usual(rows: &[Row]) -> Usual {
    std::array::from_fn(|at| {
        let mut values: Vec<f64> = rows.iter().map(|row| row[at].ln_1p()).collect();
        let median = middle(&mut values);
        let mut apart: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
        (median, (1.4826 * middle(&mut apart)).max(WIDTH_MIN))
    })
}

/// The same of each group that is large enough.
fn usual_of<K: Copy + Ord>(groups: &BTreeMap<K, Vec<Row>>) -> BTreeMap<K, Usual> {
    let enough = groups.iter().filter(|(_, rows)| rows.len() >= PEERS_MIN);
    enough.map(|(group, rows)| (*group, usual(rows))).collect()
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// How much somebody stands out, and in what most: squares of what is beyond the usual, added up.
fn score(row: &Row, usual: &Usual) -> (f64, usize) {
    let beyond = |at: usize| {
        let (median, width) = usual[at];
        ((row[at].ln_1p() - median) / width - USUAL).clamp(0.0, MOST)
    };
    let most = (0..TRAITS).max_by(|a, b| beyond(*a).total_cmp(&beyond(*b))).unwrap_or(0);
    // Amounts of one day go together, and count once.
    let amounts = (0..STRANGERS).map(beyond).fold(0.0, f64::max);
    let rest: f64 = (STRANGERS..TRAITS).map(|at| beyond(at).powi(2)).sum();
    (amounts.powi(2) + rest, most)
}

/// A trait in words.
fn words(at: usize, amount: f64) -> String {
    match Metric::TAKEN.get(at) {
        Some(metric) => format!("{} on a usual day", metric.words(amount as f32)),
        None if at == STRANGERS => format!("objects of {} met", count(amount as u64, "stranger")),
        None if at == FAILURES => count(amount as u64, "failed target"),
        None if at == ERRORS => format!("{:.0} % of its calls failed", 10.0 * amount),
        None => format!("{:.0} % of its calls at night (UTC)", 10.0 * amount),
    }
}

fn without_strangers(row: Row) -> Row {
    let mut row = row;
    row[STRANGERS] = 0.0;
    row
}

impl World {
    /// Looks at everybody once a week, when a day begins after others that ended `before`, and tells people of those that stand out most.
    pub(crate) fn review(&mut self, before: Timestamp, now: Timestamp) {
        let weeks = |at: Timestamp| day_of(at).saturating_sub(day_of(self.started)) / EVERY_DAYS;
        if weeks(now) == weeks(before) || self.disabled.has(Detector::PeerScan) {
            return;
        }
        let (known, odd) = self.outstanding(day_of(now));
        for (rank, odd) in odd.iter().enumerate() {
            let finding = self.review_finding(odd, (rank + 1, known), now);
            self.findings.push(finding);
        }
    }

    /// How many were looked at, and those that stand out most, the first one first.
    fn outstanding(&self, day: u16) -> (usize, Vec<Odd>) {
        let every = (self.subjects.len() / ROWS).max(1);
        let (mut sorts, mut kinds): (BTreeMap<_, Vec<Row>>, BTreeMap<_, Vec<Row>>) = Default::default();
        for subject in self.subjects.rows().step_by(every) {
            if let Some(row) = row(subject, day) {
                sorts.entry(subject.air.sort()).or_default().push(row);
                kinds.entry((subject.air.sort(), subject.cohort)).or_default().push(row);
            }
        }
        let everybody = usual(&sorts.values().flatten().copied().collect::<Vec<_>>());
        let (sorts, kinds) = (usual_of(&sorts), usual_of(&kinds));
        let mut known = 0;
        let mut odd: Vec<Odd> = Vec::new();
        for (slot, subject) in self.subjects.rows().enumerate() {
            let Some(row) = row(subject, day) else { continue };
            known += 1;
            let sort = subject.air.sort();
            let peers = kinds.get(&(sort, subject.cohort)).or_else(|| sorts.get(&sort));
            // Strangers are the work of some sorts of callers: a few of them say nothing of one another.
            let compared = if peers.is_some() { row } else { without_strangers(row) };
            let peers = peers.unwrap_or(&everybody);
            let (score, most) = score(&compared, peers);
            if score > 0.0 && (odd.len() < NAMED_MAX || odd.last().is_some_and(|last| score > last.score)) {
                let at = odd.partition_point(|other| other.score >= score);
                odd.insert(at, Odd { slot, score, row, most, middle: peers[most].0.exp_m1() });
                odd.truncate(NAMED_MAX);
            }
        }
        odd.truncate((known / NAMED_ONE_IN).max(NAMED_MIN));
        (known, odd)
    }

    fn review_finding(&self, odd: &Odd, (rank, known): (usize, usize), now: Timestamp) -> Finding {
        let subject = self.subjects.at(odd.slot);
        let words = |at: usize| words(at, odd.row[at]);
        let key = [&subject.principal.id.0.to_be_bytes()[..], &now.as_nanos().to_be_bytes()].concat();
        Finding {
            at: now,
            id: FindingId(self.names.short(b"finding review", &key)),
            detector: REGISTRY[Detector::PeerScan as usize].name.into(),
            principal: subject.principal.clone(),
            p: rank as f64 / known.max(1) as f64,
            reason: format!(
                "Number {rank} of {known} callers by how much it stands out among its peers: {}.",
                words(odd.most)
            ),
            evidence: Evidence {
                expected: format!("the middle one of its peers: {}", self::words(odd.most, odd.middle)),
                observed: (0..TRAITS).map(words).collect::<Vec<_>>().join(", "),
                calls: Vec::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_ten_times_as_much_or_meets_strangers_stands_out() {
        let mut rows: Vec<Row> = (0..400).map(|n| [20.0 + f64::from(n % 40); TRAITS]).collect();
        rows.iter_mut().for_each(|row| row[STRANGERS] = 0.0);
        let usual = usual(&rows);
        let (ordinary, _) = score(&rows[7], &usual);
        let mut reader = rows[7];
        reader[STRANGERS] = 30.0;
        let mut taker = rows[7];
        (0..STRANGERS).for_each(|at| taker[at] *= 40.0);
        let (strangers, most) = score(&reader, &usual);
        assert!(ordinary <= 0.0 && strangers > 50.0 && most == STRANGERS);
        assert!(score(&taker, &usual).0 > 10.0);
    }

    #[test]
    fn nobody_to_compare_with_is_no_error() {
        assert_eq!(usual(&[])[0], (0.0, WIDTH_MIN));
        assert_eq!(middle(&mut []), 0.0);
    }
}
