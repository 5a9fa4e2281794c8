//! Signs of an attack in what a request sends: what a value looks like, and what a head or a token does that clients in
//! good faith rarely do. Found where the bytes pass; never a value.

use serde::{Deserialize, Serialize};

use crate::named::named_set;

named_set! {
    /// What a value looks like to an interpreter behind the service.
    Sign,
    /// A set of signs.
    Signs(u8), "sign";
    /// SQL that changes what a statement does.
    Sql = "sql";
    /// HTML or script that a browser would run.
    Script = "script";
    /// A way out of a folder: `../`, also encoded.
    Traversal = "traversal";
    /// A shell command behind a separator.
    Command = "command";
    /// An expression of a template engine or a look-up (`${...}`, `{{...}}`, `<%...%>`).
    Template = "template";
    /// A query operator of a document database as a name (`$ne`, `[$gt]`).
    Operator = "operator";
    /// An external entity or a stylesheet of XML.
    Entity = "entity";
    /// An address of this host or of the cloud's metadata where a URL is wanted.
    Inside = "inside";
}

named_set! {
    /// What a request's head or token does that is rare in good faith.
    HeadSign,
    /// A set of such signs.
    HeadSigns(u16), "sign of a head";
    /// Asks for another method than its own (`X-HTTP-Method-Override` and its like).
    MethodOverride = "method_override";
    /// Asks for another target than its own (`X-Original-URL`, `X-Rewrite-URL`).
    TargetOverride = "target_override";
    /// Names another host than its own (`X-Forwarded-Host`, `X-Host`, `Forwarded: host=`).
    HostOverride = "host_override";
    /// A name that gateways read as another one (`X_Forwarded_For`).
    Lookalike = "lookalike";
    /// A field longer than 4 KiB that is neither cookie nor credential.
    LongField = "long_field";
    /// More than 64 fields.
    ManyFields = "many_fields";
    /// A field's value looks like an attack; which one is told in `Details::signs`.
    Field = "field";
    /// The path looks like an attack; which one is told in `Details::signs`.
    Path = "path";
    /// A JWT whose header says that it is not signed (RFC 8725, section 3.1).
    TokenUnsigned = "token_unsigned";
    /// A JWT used a minute or more behind its `exp`.
    TokenExpired = "token_expired";
    /// A JWT used five minutes or more before its `nbf`, or issued in the future.
    TokenEarly = "token_early";
    /// A JWT that brings its own key or says where to fetch it (`jwk`, `jku`, `x5u`).
    TokenKey = "token_key";
    /// A JWT whose `kid` looks like an attack.
    TokenKid = "token_kid";
}

/// Family of the algorithm that a JWT's header names (RFC 7518, section 3.1; RFC 8037).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenAlgorithm {
    /// The call shows no JWT.
    #[default]
    Absent,
    /// `none`
    None,
    /// `HS256` and its like: a shared secret.
    Hmac,
    /// `RS256`, `PS256` and their like.
    Rsa,
    /// `ES256` and its like.
    Ec,
    /// `EdDSA`, `Ed25519`.
    Ed,
    /// Another one.
    Other,
}

impl TokenAlgorithm {
    /// Whether no JWT was shown.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    /// The stable name used in all outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::None => "none",
            Self::Hmac => "hmac",
            Self::Rsa => "rsa",
            Self::Ec => "ec",
            Self::Ed => "ed",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_told_by_name() {
        let mut set = HeadSigns::from(HeadSign::TokenUnsigned);
        set.insert(HeadSign::MethodOverride);
        let json = serde_json::to_string(&set).expect("serialises");
        assert_eq!(json, r#"["method_override","token_unsigned"]"#);
        assert_eq!(serde_json::from_str::<HeadSigns>(&json).expect("parses"), set);
        assert!(serde_json::from_str::<Signs>(r#"["nothing"]"#).is_err());
    }
}
