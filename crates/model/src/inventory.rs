//! The inventory: what was learnt of the routes of a deployment, as plain values. Never a parameter's value, never a
//! credential.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{BodyForm, FieldPlace, PrincipalKind, Sensitive, Timestamp, ValueKind};

/// All learnt routes at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// End of the first call ever.
    pub from: Timestamp,
    /// The engine's present.
    pub to: Timestamp,
    /// Calls observed in all.
    pub calls: u64,
    /// By template, then method.
    pub routes: Vec<RouteRecord>,
    /// What did not fit: routes, and parameters, hosts, applications or statuses of routes.
    pub left_out: u64,
    /// Which fields say who calls, by host; at most 15 a host.
    #[serde(default)]
    pub credentials: Vec<CredentialRecord>,
}

/// A field that says who calls, or may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRecord {
    /// The host that it is shown to.
    pub host: CompactString,
    /// Where it stands; nothing for those that go by known names.
    pub place: Option<FieldPlace>,
    /// Its name; of known ones what they are.
    pub name: CompactString,
    /// What its values are as principals.
    pub kind: PrincipalKind,
    /// Whether it counts as a credential.
    pub state: CredentialState,
    /// Since when it was inferred, or withdrawn.
    pub since: Option<Timestamp>,
    /// End of the first call that had it; of known ones the first of the host.
    pub first: Timestamp,
    /// End of the last one.
    pub last: Timestamp,
    /// Calls that had it.
    pub calls: u64,
    /// Distinct values that were served, estimated to within a fourth; 0 for known ones, which are not counted.
    pub values: u64,
    /// Why, in words with numbers.
    pub reason: String,
}

/// Whether a field counts as a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// By its name, which is well known or configured.
    Known,
    /// By how the service treats those who have it and those who do not.
    Inferred,
    /// It looks like one, and too little speaks for it.
    Possible,
    /// It did, until the evidence turned.
    Withdrawn,
}

impl CredentialState {
    /// The stable name used in all outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Inferred => "inferred",
            Self::Possible => "possible",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// One route: a method on a template such as `/orders/{int}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RouteRecord {
    /// Method as sent.
    pub method: CompactString,
    /// Path with its ids replaced: `{int}`, `{uuid}`, `{hash}`, `{id}`, `{slug}`.
    pub template: CompactString,
    /// Hosts that it was asked of; at most 8.
    pub hosts: Vec<CompactString>,
    /// End of its first call.
    pub first: Timestamp,
    /// End of its last call.
    pub last: Timestamp,
    /// Calls seen.
    pub calls: u64,
    /// Days on which it was called.
    pub days: u32,
    /// Calls in its busiest hour.
    pub busiest_hour: u64,
    /// Distinct callers, estimated to within a tenth.
    pub consumers: u64,
    /// Client applications that its callers' tokens name; at most 16.
    pub applications: Vec<CompactString>,
    /// Calls by status, ascending; at most 16 statuses.
    pub statuses: Vec<StatusCount>,
    /// Share of the calls answered with a 4xx other than 401 and 407.
    pub refused_share: f64,
    /// Share of the calls answered with 5xx.
    pub failed_share: f64,
    /// Who is let in.
    pub access: Access,
    /// Forms of request bodies.
    pub request_forms: Vec<BodyForm>,
    /// Forms of answers.
    pub answer_forms: Vec<BodyForm>,
    /// Learnt parameters, by place, then name; at most 64. Only of served calls.
    pub parameters: Vec<ParameterRecord>,
    /// Values of sensitive classes in answers.
    pub sensitive: Vec<Sensitive>,
    /// Calls whose answers held any.
    pub sensitive_calls: u64,
    /// Bytes of all answers.
    pub answer_bytes: u64,
}

/// A status with the number of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCount {
    /// The status.
    pub status: u16,
    /// Calls answered with it.
    pub calls: u64,
}

/// Who is let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// In a word.
    pub posture: Posture,
    /// Calls served without any credential.
    pub served_without: u64,
    /// Calls turned away (401, 403, 407) without any credential.
    pub refused_without: u64,
    /// Calls whose credential was not accepted (401, 407).
    pub rejected: u64,
    /// Calls served with a token.
    pub token: u64,
    /// Calls served with an API key.
    pub api_key: u64,
    /// Calls served with a session cookie.
    pub cookie: u64,
}

impl Access {
    /// The posture that the counts amount to.
    #[must_use]
    pub const fn judged(&self) -> Posture {
        let with = self.token + self.api_key + self.cookie > 0;
        let checks = self.refused_without + self.rejected > 0;
        match (self.served_without > 0, self.refused_without > 0, with) {
            (true, true, _) => Posture::Mixed,
            (true, false, true) => Posture::Optional,
            (true, false, false) => Posture::Open,
            (false, _, _) if checks => Posture::Guarded,
            (false, _, true) => Posture::Credentials,
            (false, _, false) => Posture::Unknown,
        }
    }
}

/// The authentication posture of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Posture {
    /// Nothing was served yet.
    #[default]
    Unknown,
    /// Turns away those without a credential, or with one that is not good.
    Guarded,
    /// Every served call had a credential; nobody tried without, or with a bad one.
    Credentials,
    /// Serves with and without.
    Optional,
    /// Serves some without a credential and turns others away: a login, or a door that is open at times.
    Mixed,
    /// Serves without any credential.
    Open,
}

impl Posture {
    /// The stable name used in all outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Guarded => "guarded",
            Self::Credentials => "credentials",
            Self::Optional => "optional",
            Self::Mixed => "mixed",
            Self::Open => "open",
        }
    }
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the query.
    Query,
    /// In the request's body.
    Body,
    /// In the answer's body.
    Answer,
}

/// A learnt parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterRecord {
    /// Where it stands.
    pub place: Place,
    /// Its name; nested names are joined by dots.
    pub name: CompactString,
    /// Types seen.
    pub kinds: Vec<ValueKind>,
    /// Served calls that had it.
    pub calls: u64,
    /// Share of those served calls that had any parameter in this place.
    pub share: f64,
    /// More than one caller has sent it, or was sent it.
    pub shared: bool,
    /// End of the first call that had it.
    pub first: Timestamp,
    /// Length of its longest text, or most items of its longest list.
    pub longest: u32,
}
