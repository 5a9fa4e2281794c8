//! The comparison: a document and learnt routes in, what differs out: shadow, zombie, drifted, broken. Never guesses what a
//! document means to say; where it says nothing, nothing differs.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;
use model::{
    BodyForm, Inventory, ParameterRecord, Place, Posture, RouteRecord, SensitiveClass, Timestamp, ValueKind,
};
use serde::Serialize;

use crate::{
    document::{Document, Operation, Parameter, Type},
    join::{believed, join},
    path::{fit, segments},
};

/// Share of calls answered with 5xx from which an operation counts as broken.
const BROKEN_SHARE: f64 = 0.05;
/// Share of calls answered with 404, 410 or 501 from which it counts as gone.
const GONE_SHARE: f64 = 0.9;
/// Share of calls with a required parameter below which it counts as left out.
const REQUIRED_SHARE: f64 = 0.99;
/// Calls before shares say anything.
const CALLS_MIN: u64 = 20;

/// What differs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Operations in the document.
    pub documented: u64,
    /// Operations of those that were called.
    pub called: u64,
    /// Routes seen.
    pub seen: u64,
    /// By path, method and kind.
    pub differences: Vec<Difference>,
}

/// What a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Served, but not documented.
    Shadow,
    /// Documented as deprecated and still called; or documented, called, and gone.
    Zombie,
    /// Documented, never called.
    Unused,
    /// Called otherwise than documented.
    Drifted,
    /// Fails more often than one call in twenty.
    Broken,
}

impl Kind {
    /// Every kind, in the order of urgency.
    pub const ALL: [Self; 5] = [Self::Shadow, Self::Zombie, Self::Drifted, Self::Broken, Self::Unused];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Zombie => "zombie",
            Self::Unused => "unused",
            Self::Drifted => "drifted",
            Self::Broken => "broken",
        }
    }
}

/// One operation or route that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// What it is.
    pub kind: Kind,
    /// Method.
    pub method: CompactString,
    /// Path as documented, or the learnt template.
    pub path: String,
    /// Calls seen.
    pub calls: u64,
    /// Distinct callers.
    pub consumers: u64,
    /// Last call.
    pub last: Option<Timestamp>,
    /// Who is let in.
    pub posture: Posture,
    /// Classes of sensitive data in answers.
    pub sensitive: Vec<SensitiveClass>,
    /// What differs, one plain sentence each.
    pub because: Vec<Drift>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Drift {
    /// Where: `operation`, `query`, `body`, `status`, `auth`.
    pub place: Documented,
    /// Its name: of a parameter, a status.
    pub name: String,
    /// What is documented.
    pub documented: String,
    /// What was seen.
    pub seen: String,
}

/// The part of a document that a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Documented {
    /// The operation itself.
    Operation,
    /// Its security.
    Auth,
    /// A query parameter.
    Query,
    /// A member of the body.
    Body,
    /// A status.
    Status,
}

/// Compares what was learnt with what is documented.
#[must_use]
pub fn compare(document: &Document, inventory: &Inventory) -> Comparison {
    let index = Index::of(document);
    let mut matched: BTreeMap<usize, Vec<&RouteRecord>> = BTreeMap::new();
    let mut differences = Vec::new();
    for route in &inventory.routes {
        match index.find(route) {
            Some(at) => matched.entry(at).or_default().push(route),
            None => differences.extend(shadow(route)),
        }
    }
    for (at, operation) in document.operations.iter().enumerate() {
        match matched.get(&at) {
            Some(routes) => documented(operation, &join(routes), &mut differences),
            None => differences.push(unused(operation)),
        }
    }
    differences.sort_by(|a, b| (&a.path, &a.method, a.kind).cmp(&(&b.path, &b.method, b.kind)));
    Comparison {
        documented: document.operations.len() as u64,
        called: matched.len() as u64,
        seen: inventory.routes.len() as u64,
        differences,
    }
}

/// Operations by method and number of segments.
struct Index<'a>(BTreeMap<(&'a str, usize), Vec<Written<'a>>>);

/// The place of an operation in its document, and the segments of its path.
type Written<'a> = (usize, Vec<&'a str>);

impl<'a> Index<'a> {
    fn of(document: &'a Document) -> Self {
        let mut index: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (at, operation) in document.operations.iter().enumerate() {
            let parts = segments(&operation.path);
            index.entry((operation.method.as_str(), parts.len())).or_default().push((at, parts));
        }
        Self(index)
    }

    /// The operation that fits a route with the most literal segments.
    fn find(&self, route: &RouteRecord) -> Option<usize> {
        let seen = segments(&route.template);
        let alike = self.0.get(&(route.method.as_str(), seen.len()))?;
        let fits = alike.iter().filter_map(|(at, written)| Some((fit(&seen, written)?, *at)));
        fits.max_by_key(|(literal, at)| (*literal, std::cmp::Reverse(*at))).map(|(_, at)| at)
    }
}

/// What browsers and programs ask by themselves is no shadow.
fn shadow(route: &RouteRecord) -> Option<Difference> {
    let aside = matches!(route.method.as_str(), "OPTIONS" | "HEAD");
    let reason = Drift {
        place: Documented::Operation,
        name: String::new(),
        documented: "nothing".to_owned(),
        seen: format!("{} calls", route.calls),
    };
    (!aside).then(|| difference(Kind::Shadow, &route.method, &route.template, route, vec![reason]))
}

fn unused(operation: &Operation) -> Difference {
    let reason = Drift {
        place: Documented::Operation,
        name: String::new(),
        documented: if operation.deprecated { "deprecated" } else { "in use" }.to_owned(),
        seen: "no call".to_owned(),
    };
    let nothing = RouteRecord::default();
    let made = difference(Kind::Unused, &operation.method, &operation.path, &nothing, vec![reason]);
    Difference { last: None, ..made }
}

fn difference(kind: Kind, method: &str, path: &str, seen: &RouteRecord, because: Vec<Drift>) -> Difference {
    Difference {
        kind,
        method: method.into(),
        path: path.to_owned(),
        calls: seen.calls,
        consumers: seen.consumers,
        last: Some(seen.last),
        posture: seen.access.posture,
        sensitive: seen.sensitive.iter().map(|found| found.class).collect(),
        because,
    }
}

fn documented(operation: &Operation, seen: &RouteRecord, into: &mut Vec<Difference>) {
    let mut say = |kind, because: Vec<Drift>| {
        if !because.is_empty() {
            into.push(difference(kind, &operation.method, &operation.path, seen, because));
        }
    };
    say(Kind::Zombie, zombie(operation, seen));
    let mut drifts: Vec<_> = auth(operation, seen).into_iter().collect();
    drifts.extend(parameters(Documented::Query, Some(&operation.query), seen));
    drifts.extend(parameters(Documented::Body, operation.body.as_ref(), seen));
    drifts.extend(statuses(operation, seen));
    drifts.sort();
    say(Kind::Drifted, drifts);
    let broken = seen.calls >= CALLS_MIN && seen.failed_share >= BROKEN_SHARE;
    let reason = Drift {
        place: Documented::Status,
        name: "5xx".to_owned(),
        documented: "an operation that works".to_owned(),
        seen: format!("{:.0} % of {} calls fail", seen.failed_share * 100.0, seen.calls),
    };
    say(Kind::Broken, broken.then_some(reason).into_iter().collect());
}

fn zombie(operation: &Operation, seen: &RouteRecord) -> Vec<Drift> {
    let missing = |count: &&model::StatusCount| matches!(count.status, 404 | 410 | 501);
    let gone: u64 = seen.statuses.iter().filter(missing).map(|count| count.calls).sum();
    let reason = |documented: &str, seen: String| Drift {
        place: Documented::Operation,
        name: String::new(),
        documented: documented.to_owned(),
        seen,
    };
    let mut reasons = Vec::new();
    if operation.deprecated {
        reasons.push(reason("deprecated", format!("{} calls, the last on {}", seen.calls, seen.last)));
    }
    if seen.calls >= CALLS_MIN && share(gone, seen.calls) >= GONE_SHARE {
        reasons
            .push(reason("in use", format!("{gone} of {} calls find nothing (404, 410, 501)", seen.calls)));
    }
    reasons
}

fn auth(operation: &Operation, seen: &RouteRecord) -> Option<Drift> {
    let access = &seen.access;
    let (documented, seen) = match (operation.secured?, access.posture) {
        (true, Posture::Open | Posture::Optional | Posture::Mixed) => {
            ("a credential is asked for", format!("{} calls were served without", access.served_without))
        }
        (false, Posture::Guarded) => {
            ("no credential is needed", format!("{} calls were turned away without", access.refused_without))
        }
        _ => return None,
    };
    let (name, documented) = (access.posture.name().to_owned(), documented.to_owned());
    Some(Drift { place: Documented::Auth, name, documented, seen })
}

fn parameters(
    place: Documented,
    written: Option<&BTreeMap<String, Parameter>>,
    seen: &RouteRecord,
) -> Vec<Drift> {
    let (Some(written), of) = (written, if place == Documented::Query { Place::Query } else { Place::Body })
    else {
        return Vec::new();
    };
    let known: BTreeMap<&str, &ParameterRecord> =
        believed(seen).filter(|one| one.place == of).map(|one| (one.name.as_str(), one)).collect();
    let forms = [BodyForm::Form, BodyForm::Multipart];
    let texts = place == Documented::Query || seen.request_forms.iter().any(|form| forms.contains(form));
    let mut drifts = Vec::new();
    let mut say = |name: &str, documented: String, seen: String| {
        drifts.push(Drift { place, name: name.to_owned(), documented, seen });
    };
    for (name, record) in &known {
        let Some(parameter) = written.get(*name) else {
            say(name, "nothing".to_owned(), format!("in {} calls", record.calls));
            continue;
        };
        let odd: BTreeSet<Type> =
            record.kinds.iter().filter_map(|kind| odd(*kind, parameter, texts)).collect();
        if !odd.is_empty() {
            say(name, names(&parameter.types), names(&odd));
        }
    }
    // Without any parameter seen, the intake may not tell them.
    let tells = !known.is_empty() && seen.calls >= CALLS_MIN;
    for (name, _) in written.iter().filter(|(_, parameter)| parameter.required && tells) {
        let share = known.get(name.as_str()).map_or(0.0, |record| record.share);
        if share < REQUIRED_SHARE {
            say(name, "required".to_owned(), format!("in {:.0} % of the calls", share * 100.0));
        }
    }
    drifts
}

/// The type of a value that a parameter does not allow. In queries and forms everything is text first.
fn odd(kind: ValueKind, parameter: &Parameter, texts: bool) -> Option<Type> {
    let types = &parameter.types;
    let found = match kind {
        ValueKind::Null | ValueKind::File => return None,
        ValueKind::Bool => Type::Boolean,
        ValueKind::Int => Type::Integer,
        ValueKind::Float => Type::Number,
        ValueKind::Text => Type::String,
        ValueKind::List => Type::Array,
        ValueKind::Object => Type::Object,
    };
    let allowed = types.is_empty()
        || types.contains(&found)
        || found == Type::Integer && types.contains(&Type::Number)
        || texts && (types.contains(&Type::String) || types.contains(&Type::Array));
    (!allowed).then_some(found)
}

fn statuses(operation: &Operation, seen: &RouteRecord) -> Vec<Drift> {
    if operation.statuses.is_empty() || operation.statuses.contains(&0) {
        return Vec::new();
    }
    // A gateway answers with these by itself.
    let ours = |status: u16| matches!(status, 0 | 101 | 304 | 401 | 403 | 404 | 405 | 408 | 429 | 502..=504);
    let written =
        |status: u16| operation.statuses.contains(&status) || operation.statuses.contains(&(status / 100));
    let odd = seen.statuses.iter().filter(|count| !ours(count.status) && !written(count.status));
    odd.map(|count| Drift {
        place: Documented::Status,
        name: count.status.to_string(),
        documented: "nothing".to_owned(),
        seen: format!("{} calls", count.calls),
    })
    .collect()
}

fn names(types: &BTreeSet<Type>) -> String {
    let names: Vec<_> = types.iter().map(|of| of.name()).collect();
    if names.is_empty() { "anything".to_owned() } else { names.join(" or ") }
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}
