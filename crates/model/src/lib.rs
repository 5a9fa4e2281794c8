//! The nouns that pass between rooms: times, principals, calls, findings, verdicts, revocations, losses.
//! Everything here is plain values: no I/O, no clock, no policy.

mod ambiguity;
mod body;
mod call;
mod candidate;
mod digest;
mod fates;
mod finding;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod inventory;
mod journal;
mod key_path;
mod known;
mod line;
mod loss;
mod named;
mod principal;
mod pseudonym;
mod revocation;
mod signs;
mod sip;
mod time;
mod verdict;

pub use ambiguity::{Ambiguities, Ambiguity};
pub use body::{
    BodyFacts, BodyForm, BodyState, Charset, Coding, Field, Messages, Operation, OperationKind, Sensitive,
    SensitiveClass, Shape, ValueKind,
};
pub use call::{
    ApiCall, CallId, CallRef, Context, Details, FieldId, Grade, HttpVersion, IdShape, Issued, LoginAttempt,
    Outcome, Source,
};
pub use candidate::{Candidate, FieldPlace};
pub use digest::{Digest, HexError};
pub use fates::{ByteFates, PayloadFates, SessionFates};
pub use finding::{Evidence, Finding, FindingId};
pub use inventory::{
    Access, CredentialRecord, CredentialState, Inventory, ParameterRecord, Place, Posture, RouteRecord,
    StatusCount,
};
pub use journal::{Audit, Health};
pub use key_path::KeyPaths;
pub use known::{Known, Places, Spot, ThreatList};
pub use line::CallWriter;
pub use loss::{Loss, LossUnit, Losses};
pub use principal::{Handle, Principal, PrincipalId, PrincipalKind};
pub use pseudonym::{ObjectKey, Pseudonyms};
pub use revocation::{Delivery, DeliveryState, Revocation};
pub use signs::{HeadSign, HeadSigns, Sign, Signs, TokenAlgorithm};
pub use time::{TimeError, Timestamp};
pub use verdict::{Action, Contribution, Mode, Verdict, VerdictId};
