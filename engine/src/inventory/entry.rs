//! One route in the inventory: its calls in, its record out. Fixed limits; what does not fit is told to the caller.

use compact_str::CompactString;
use model::{
    Access, ApiCall, BodyForm, Field, Grade, Outcome, Place, PrincipalKind, RouteRecord, Sensitive,
    SensitiveClass, StatusCount,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::parameters::Parameters;
use crate::{hash::Tag, routes::Route, scene::Scene, stats::Distinct};

/// Statuses kept of a route.
const STATUSES_MAX: usize = 16;
/// Hosts kept of a route.
const HOSTS_MAX: usize = 8;
/// Client applications kept of a route.
const APPLICATIONS_MAX: usize = 16;

/// What is known of a route besides its counts.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Entry {
    hosts: SmallVec<[CompactString; 1]>,
    applications: SmallVec<[CompactString; 1]>,
    statuses: SmallVec<[(u16, u64); 4]>,
    callers: Distinct<256>,
    /// The caller counted last: most calls come in rows.
    last_caller: Tag,
    calls: u64,
    failed: u64,
    refused: u64,
    access: Access,
    request_forms: u16,
    answer_forms: u16,
    pub(super) parameters: Parameters,
    sensitive: SmallVec<[(SensitiveClass, u64); 0]>,
    sensitive_calls: u64,
    answer_bytes: u64,
    day: u16,
    days: u32,
    /// The hour being counted, in hours since the epoch.
    hour: u32,
    hour_calls: u64,
    busiest_hour: u64,
}

impl Entry {
    /// Takes a call. Returns how many things of it had no room, of which `room` is what is left for parameters.
    pub(super) fn learn(&mut self, scene: &Scene<'_>, who: Tag, key: u64, room: usize) -> u64 {
        let call = scene.call;
        self.calls += 1;
        self.count_time(scene.day, call.ended_at.as_secs());
        if who != self.last_caller {
            self.last_caller = who;
            self.callers.add(key, u64::from(who.0) << 32 | u64::from(who.0));
        }
        let mut missed = u64::from(!self.count_status(call.status.unwrap_or(0)));
        self.count_access(scene);
        if !scene.served() || call.grade == Grade::C {
            return missed;
        }
        missed += u64::from(!keep(&mut self.hosts, &call.host, HOSTS_MAX));
        for who in call.identities.iter().filter(|who| who.kind == PrincipalKind::Client) {
            if let model::Handle::Name(name) = &who.handle {
                missed += u64::from(!keep(&mut self.applications, name, APPLICATIONS_MAX));
            }
        }
        self.answer_bytes = self.answer_bytes.saturating_add(call.response_bytes);
        missed + self.learn_bodies(call, who, room)
    }

    fn learn_bodies(&mut self, call: &ApiCall, who: Tag, room: usize) -> u64 {
        let Some(details) = &call.details else { return 0 };
        let mut missed = 0;
        let (at, end) = (call.ended_at, self.parameters.len() + room);
        let mut learn = |place: Place, fields: &[Field]| {
            missed += self.parameters.learn(place, fields, who, at, end);
        };
        learn(Place::Query, &details.query);
        if let Some(body) = &details.request {
            self.request_forms |= 1 << (body.form as u16);
            learn(Place::Body, &body.fields);
        }
        if let Some(body) = &details.response {
            self.answer_forms |= 1 << (body.form as u16);
            learn(Place::Answer, &body.fields);
            self.sensitive_calls += u64::from(!body.sensitive.is_empty());
            for found in &body.sensitive {
                self.count_sensitive(*found);
            }
        }
        missed
    }

    fn count_time(&mut self, day: u16, seconds: u64) {
        if self.days == 0 || day != self.day {
            (self.day, self.days) = (day, self.days.saturating_add(1));
        }
        let hour = u32::try_from(seconds / 3_600).unwrap_or(u32::MAX);
        if hour != self.hour {
            (self.hour, self.hour_calls) = (hour, 0);
        }
        self.hour_calls += 1;
        self.busiest_hour = self.busiest_hour.max(self.hour_calls);
    }

    fn count_status(&mut self, status: u16) -> bool {
        self.failed += u64::from((500..600).contains(&status));
        self.refused += u64::from((400..500).contains(&status) && !matches!(status, 401 | 407));
        if let Some((_, calls)) = self.statuses.iter_mut().find(|(known, _)| *known == status) {
            *calls += 1;
            return true;
        }
        let room = self.statuses.len() < STATUSES_MAX;
        if room {
            self.statuses.push((status, 1));
        }
        room
    }

    fn count_access(&mut self, scene: &Scene<'_>) {
        let shown = |kind| scene.call.identities.iter().any(|who| who.kind == kind);
        let [token, key, cookie] =
            [PrincipalKind::Token, PrincipalKind::ApiKey, PrincipalKind::Cookie].map(shown);
        let with = token || key || cookie;
        let access = &mut self.access;
        match scene.outcome {
            Outcome::Served if scene.call.grade != Grade::C => {
                access.served_without += u64::from(!with);
                access.token += u64::from(token);
                access.api_key += u64::from(key);
                access.cookie += u64::from(cookie);
            }
            Outcome::Rejected => {
                access.refused_without += u64::from(!with);
                access.rejected += u64::from(with);
            }
            Outcome::Refused if scene.call.status == Some(403) => access.refused_without += u64::from(!with),
            _ => {}
        }
    }

    fn count_sensitive(&mut self, found: Sensitive) {
        let count = u64::from(found.count);
        match self.sensitive.iter_mut().find(|(class, _)| *class == found.class) {
            Some((_, known)) => *known = known.saturating_add(count),
            None => self.sensitive.push((found.class, count)),
        }
    }

    /// Takes in what is known of a route that turned out to be this one.
    pub(super) fn merge(&mut self, other: Self) {
        other.hosts.iter().for_each(|host| _ = keep(&mut self.hosts, host, HOSTS_MAX));
        other.applications.iter().for_each(|name| _ = keep(&mut self.applications, name, APPLICATIONS_MAX));
        for (status, calls) in other.statuses {
            let room = self.statuses.len() < STATUSES_MAX;
            match self.statuses.iter_mut().find(|(known, _)| *known == status) {
                Some((_, known)) => *known += calls,
                None if room => self.statuses.push((status, calls)),
                None => {}
            }
        }
        for (class, count) in other.sensitive {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            self.count_sensitive(Sensitive { class, count });
        }
        self.callers.merge(&other.callers);
        self.parameters.merge(other.parameters);
        let (mine, theirs) = (&mut self.access, other.access);
        mine.served_without += theirs.served_without;
        mine.refused_without += theirs.refused_without;
        mine.rejected += theirs.rejected;
        mine.token += theirs.token;
        mine.api_key += theirs.api_key;
        mine.cookie += theirs.cookie;
        self.calls += other.calls;
        self.failed += other.failed;
        self.refused += other.refused;
        self.request_forms |= other.request_forms;
        self.answer_forms |= other.answer_forms;
        self.sensitive_calls += other.sensitive_calls;
        self.answer_bytes = self.answer_bytes.saturating_add(other.answer_bytes);
        self.days = self.days.max(other.days);
        self.busiest_hour = self.busiest_hour.max(other.busiest_hour);
    }

    /// The route for people.
    pub(super) fn record(&self, route: &Route) -> RouteRecord {
        let mut statuses: Vec<_> = self
            .statuses
            .iter()
            .map(|(status, calls)| StatusCount { status: *status, calls: *calls })
            .collect();
        statuses.sort_by_key(|count| count.status);
        let mut sensitive: Vec<_> = self
            .sensitive
            .iter()
            .map(|(class, count)| Sensitive {
                class: *class,
                count: u32::try_from(*count).unwrap_or(u32::MAX),
            })
            .collect();
        sensitive.sort_by_key(|found| found.class);
        let sorted = |names: &[CompactString]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names
        };
        #[expect(clippy::cast_precision_loss, reason = "shares")]
        let share = |n: u64| n as f64 / self.calls.max(1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let consumers = self.callers.count().round() as u64;
        RouteRecord {
            method: route.method.clone(),
            template: route.template.clone(),
            hosts: sorted(&self.hosts),
            first: route.first,
            last: route.last,
            calls: route.calls,
            days: self.days,
            busiest_hour: self.busiest_hour,
            consumers,
            applications: sorted(&self.applications),
            statuses,
            refused_share: share(self.refused),
            failed_share: share(self.failed),
            access: Access { posture: self.access.judged(), ..self.access },
            request_forms: forms(self.request_forms),
            answer_forms: forms(self.answer_forms),
            parameters: self.parameters.records(),
            sensitive,
            sensitive_calls: self.sensitive_calls,
            answer_bytes: self.answer_bytes,
        }
    }
}

/// Keeps a name if it is known or there is room. Whether it is kept.
fn keep(names: &mut SmallVec<[CompactString; 1]>, name: &CompactString, max: usize) -> bool {
    if names.contains(name) {
        return true;
    }
    let room = names.len() < max;
    if room {
        names.push(name.clone());
    }
    room
}

/// Every form, in the order of its bits.
const FORMS: [BodyForm; 13] = [
    BodyForm::Other,
    BodyForm::Json,
    BodyForm::Form,
    BodyForm::Multipart,
    BodyForm::Graphql,
    BodyForm::JsonRpc,
    BodyForm::Mcp,
    BodyForm::Grpc,
    BodyForm::Protobuf,
    BodyForm::Xml,
    BodyForm::Html,
    BodyForm::Text,
    BodyForm::Events,
];

/// The forms in a set of bits.
fn forms(bits: u16) -> Vec<BodyForm> {
    FORMS.into_iter().filter(|form| bits & 1 << (*form as u16) != 0).collect()
}
