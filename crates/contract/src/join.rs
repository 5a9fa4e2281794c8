//! Joining: routes that are one operation to a reader of documents in, one record out.

use std::collections::BTreeMap;

use compact_str::CompactString;
use model::{Access, ParameterRecord, Posture, RouteRecord, StatusCount};

/// All records as one; method and template are those of the first. An empty one for none.
pub(crate) fn join(records: &[&RouteRecord]) -> RouteRecord {
    let mut all = records.iter();
    let Some(mut joined) = all.next().map(|first| (*first).clone()) else { return RouteRecord::default() };
    for more in all {
        take_in(&mut joined, more);
    }
    joined
}

fn take_in(joined: &mut RouteRecord, more: &RouteRecord) {
    let weighed = |a: f64, b: f64| weigh((a, joined.calls), (b, more.calls));
    joined.refused_share = weighed(joined.refused_share, more.refused_share);
    joined.failed_share = weighed(joined.failed_share, more.failed_share);
    joined.calls += more.calls;
    joined.consumers = joined.consumers.max(more.consumers);
    joined.first = joined.first.min(more.first);
    joined.last = joined.last.max(more.last);
    joined.days = joined.days.max(more.days);
    joined.busiest_hour = joined.busiest_hour.max(more.busiest_hour);
    joined.sensitive_calls += more.sensitive_calls;
    joined.answer_bytes = joined.answer_bytes.saturating_add(more.answer_bytes);
    union(&mut joined.hosts, &more.hosts);
    union(&mut joined.applications, &more.applications);
    union(&mut joined.request_forms, &more.request_forms);
    union(&mut joined.answer_forms, &more.answer_forms);
    let mut statuses: BTreeMap<u16, u64> = BTreeMap::new();
    for count in joined.statuses.iter().chain(&more.statuses) {
        *statuses.entry(count.status).or_default() += count.calls;
    }
    joined.statuses = statuses.into_iter().map(|(status, calls)| StatusCount { status, calls }).collect();
    for found in &more.sensitive {
        match joined.sensitive.iter_mut().find(|known| known.class == found.class) {
            Some(known) => known.count = known.count.saturating_add(found.count),
            None => joined.sensitive.push(*found),
        }
    }
    joined.access = both(joined.access, more.access);
    parameters(&mut joined.parameters, &more.parameters);
}

fn parameters(joined: &mut Vec<ParameterRecord>, more: &[ParameterRecord]) {
    for theirs in more {
        let same = |mine: &&mut ParameterRecord| (mine.place, &mine.name) == (theirs.place, &theirs.name);
        match joined.iter_mut().find(same) {
            Some(mine) => {
                union(&mut mine.kinds, &theirs.kinds);
                mine.share = weigh((mine.share, mine.calls), (theirs.share, theirs.calls));
                mine.calls += theirs.calls;
                mine.shared |= theirs.shared;
                mine.first = mine.first.min(theirs.first);
                mine.longest = mine.longest.max(theirs.longest);
            }
            None => joined.push(theirs.clone()),
        }
    }
    joined.sort_by(|a, b| (a.place, &a.name).cmp(&(b.place, &b.name)));
}

fn both(a: Access, b: Access) -> Access {
    let sum = Access {
        posture: Posture::Unknown,
        served_without: a.served_without + b.served_without,
        refused_without: a.refused_without + b.refused_without,
        rejected: a.rejected + b.rejected,
        token: a.token + b.token,
        api_key: a.api_key + b.api_key,
        cookie: a.cookie + b.cookie,
    };
    Access { posture: sum.judged(), ..sum }
}

fn weigh((a, calls_a): (f64, u64), (b, calls_b): (f64, u64)) -> f64 {
    let (a_weight, b_weight) = (real(calls_a), real(calls_b));
    if a_weight + b_weight > 0.0 { (a * a_weight + b * b_weight) / (a_weight + b_weight) } else { 0.0 }
}

fn union<T: Ord + Clone>(into: &mut Vec<T>, more: &[T]) {
    into.extend_from_slice(more);
    into.sort_unstable();
    into.dedup();
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52, for shares")]
fn real(n: u64) -> f64 {
    n as f64
}

/// A name that stands for many: what the sensor writes for ids, long names and odd ones.
pub(crate) fn is_real(name: &CompactString) -> bool {
    !name.contains('{')
}

/// Parameters that count: sent by more than one caller, or by the only one there is.
pub(crate) fn believed(record: &RouteRecord) -> impl Iterator<Item = &ParameterRecord> {
    let alone = record.consumers <= 1;
    record.parameters.iter().filter(move |one| (one.shared || alone) && is_real(&one.name))
}
