//! Candidates: fields that no rule knows and whose values look like secrets, as pseudonyms. Never a clear value.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::Principal;

/// Where a field stands that may carry a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldPlace {
    /// A header field of the request; its name in lower case.
    Header,
    /// A cookie; of answers, one that is set.
    Cookie,
    /// A parameter of the query.
    Query,
    /// A member of the answer's body.
    Answer,
}

impl FieldPlace {
    /// The stable name used in all outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Query => "query",
            Self::Answer => "answer",
        }
    }
}

/// A field that may carry a credential, and who its value would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Where it stands.
    pub place: FieldPlace,
    /// The field's name; at most 64 bytes.
    pub name: CompactString,
    /// The principal that its value is, if it is a credential.
    pub principal: Principal,
    /// The user that it claims to speak for, if it is a JWT. As for known credentials: a hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Principal>,
}
