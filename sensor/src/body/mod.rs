//! Bodies: bytes of a request or an answer in, the few fields that matter out. Keeps no body and no clear secret.

mod form;
mod harvest;
mod json;
mod shape;

pub(crate) use form::pairs;
pub(crate) use harvest::{Harvest, Role, clean_name, tag};
pub(crate) use shape::{field_id, id_shape};

use form::FormScan;
use json::JsonScan;
use model::Pseudonyms;

use crate::http::Decoys;

/// What a scan needs to know while it reads.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) names: &'a Pseudonyms,
    pub(crate) decoys: &'a Decoys,
}

/// The forms of body that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    Json,
    Form,
}

impl BodyKind {
    /// From a `Content-Type` value.
    pub(crate) fn of(content_type: &[u8]) -> Option<Self> {
        let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let json = essence.eq_ignore_ascii_case(b"application/json")
            || essence.eq_ignore_ascii_case(b"text/json")
            || essence.len() > 5
                && essence.get(essence.len() - 5..).is_some_and(|end| end.eq_ignore_ascii_case(b"+json"));
        if json {
            Some(Self::Json)
        } else if essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            Some(Self::Form)
        } else {
            None
        }
    }
}

enum Syntax {
    Json(JsonScan),
    Form(FormScan),
}

/// A body while it streams by.
pub(crate) struct Scan {
    syntax: Syntax,
    harvest: Harvest,
    /// Bytes that may still be looked at.
    budget: usize,
}

impl Scan {
    pub(crate) fn new(kind: BodyKind, role: Role, budget: usize) -> Self {
        let syntax = match kind {
            BodyKind::Json => Syntax::Json(JsonScan::default()),
            BodyKind::Form => Syntax::Form(FormScan::default()),
        };
        Self { syntax, harvest: Harvest::new(role), budget }
    }

    /// Reads on; bytes past the budget are passed over.
    pub(crate) fn push(&mut self, bytes: &[u8], rules: Rules<'_>) {
        let bytes = bytes.get(..bytes.len().min(self.budget)).unwrap_or_default();
        self.budget -= bytes.len();
        match &mut self.syntax {
            Syntax::Json(scan) => scan.push(bytes, rules, &mut self.harvest),
            Syntax::Form(scan) => scan.push(bytes, rules, &mut self.harvest),
        }
    }

    /// Bytes are missing from here on: what was found stays, nothing more is read.
    pub(crate) fn cut(&mut self) {
        self.budget = 0;
        if let Syntax::Form(scan) = &mut self.syntax {
            scan.drop_pair();
        }
    }

    /// What the body held.
    pub(crate) fn finish(mut self, rules: Rules<'_>) -> Harvest {
        if let Syntax::Form(scan) = &mut self.syntax {
            scan.finish(rules, &mut self.harvest);
        }
        self.harvest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{IdShape, PrincipalKind};
    use proptest::prelude::*;

    const JSON: &[u8] = br#" {"orders":[{"id":17,"note":"a \"quoted\" {text}","user_id":"18"},{"id":19}],
        "items":[{"id":"5f0c2b9e-3a1d-4c55-9e21-0a1b2c3d4e5f"}],"total":2.5,"deep":[[[{"uuid":"x"}]]],
        "access_token":"canary-access-0123456789","refresh_token":"canary-refresh-0123456789"}"#;

    fn scan(kind: BodyKind, role: Role, pieces: &[&[u8]]) -> Harvest {
        let (names, decoys) = (Pseudonyms::new([7; 16]), Decoys::default());
        let rules = Rules { names: &names, decoys: &decoys };
        let mut scan = Scan::new(kind, role, 65_536);
        for piece in pieces {
            scan.push(piece, rules);
        }
        scan.finish(rules)
    }

    #[test]
    fn ids_take_the_name_of_what_holds_them() {
        let names = Pseudonyms::new([7; 16]);
        let harvest = scan(BodyKind::Json, Role::Answer, &[JSON]);
        let found: Vec<_> = harvest.ids.iter().map(|id| (id.name.as_str(), id.object, id.shape)).collect();
        assert_eq!(
            found,
            [
                ("orders", names.object(b"17"), IdShape::Int),
                ("user_id", names.object(b"18"), IdShape::Int),
                ("orders", names.object(b"19"), IdShape::Int),
                ("id", names.object(b"5f0c2b9e-3a1d-4c55-9e21-0a1b2c3d4e5f"), IdShape::Uuid),
            ]
        );
        assert_eq!(harvest.access, Some(names.credential(PrincipalKind::Token, b"canary-access-0123456789")));
        assert_eq!(
            harvest.refresh,
            Some(names.credential(PrincipalKind::Token, b"canary-refresh-0123456789"))
        );
    }

    #[test]
    fn a_form_login_yields_the_user_and_a_tag() {
        let harvest =
            scan(BodyKind::Form, Role::Request, &[b"user=amal%40example.org&pass", b"word=h%26nter2&x=1"]);
        let names = Pseudonyms::new([7; 16]);
        assert_eq!(harvest.user, Some(names.named(PrincipalKind::User, "amal@example.org")));
        assert!(harvest.password_tag.is_some());
    }

    #[test]
    fn a_bomb_of_brackets_is_bounded() {
        let bomb = vec![b'['; 1 << 20];
        assert!(scan(BodyKind::Json, Role::Answer, &[&bomb]).ids.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn cuts_change_nothing(a in 0..JSON.len(), b in 0..JSON.len()) {
            let (a, b) = (a.min(b), a.max(b));
            let whole = scan(BodyKind::Json, Role::Answer, &[JSON]);
            prop_assert_eq!(scan(BodyKind::Json, Role::Answer, &[&JSON[..a], &JSON[a..b], &JSON[b..]]), whole);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0..400_usize) {
            let (a, b) = bytes.split_at(cut.min(bytes.len()));
            scan(BodyKind::Json, Role::Request, &[a, b]);
            scan(BodyKind::Form, Role::Request, &[a, b]);
        }
    }
}
