//! What answers hand out: header fields and tokens of a body in, credentials and what they renew out. Never a clear value.

use httparse::Header;
use model::{Candidate, FieldId, FieldPlace, Issued, Principal, PrincipalKind};
use smallvec::SmallVec;

use super::{Candidates, candidates, cookie, target::Target};
use crate::{
    body::{field_id, id_shape},
    http::Desk,
};

/// Credentials handed out by one answer: the limit of `ApiCall::issued`.
const ISSUED_MAX: usize = 4;

/// What the header fields of an answer hand out.
#[derive(Default)]
pub(crate) struct HandedOut {
    pub(crate) issued: SmallVec<[Issued; 0]>,
    /// Cookies that no rule knows.
    pub(crate) offered: SmallVec<[Candidate; 0]>,
    /// The id of what was created.
    pub(crate) created: Option<FieldId>,
}

/// The cookies that an answer's header fields hand out and no rule knows.
fn offered(headers: &[Header<'_>], desk: &mut Desk) -> SmallVec<[Candidate; 0]> {
    let mut offered = Candidates::default();
    let set = headers.iter().filter(|header| header.name.eq_ignore_ascii_case("set-cookie"));
    for (name, value) in set.filter_map(|header| candidates::set_cookie(header.value)) {
        if !cookie::is_known(name, &desk.config.session_cookies) {
            offered.keep(FieldPlace::Cookie, name, value, desk);
        }
    }
    offered.into_list()
}

/// The credentials that an answer's header fields hand out, and the id of what it created.
pub(crate) fn handed_out(
    headers: &[Header<'_>],
    status: u16,
    presented: &[Principal],
    desk: &mut Desk,
) -> HandedOut {
    let offered = if desk.config.infer_credentials { offered(headers, desk) } else { SmallVec::new() };
    let mut issued: SmallVec<[Issued; 0]> = SmallVec::new();
    let mut created = None;
    for header in headers {
        if header.name.eq_ignore_ascii_case("set-cookie") && status < 400 && issued.len() < ISSUED_MAX {
            let Some(clear) = cookie::handed_out(header.value, &desk.config.session_cookies) else {
                continue;
            };
            let credential = desk.names.credential(PrincipalKind::Cookie, clear);
            if presented.contains(&credential) || issued.iter().any(|known| known.credential == credential) {
                continue;
            }
            let renews = presented.iter().find(|old| old.kind == PrincipalKind::Cookie).cloned();
            issued.push(Issued { credential, renews });
        } else if matches!(status, 201 | 302 | 303) && header.name.eq_ignore_ascii_case("location") {
            let path = Target::split(header.value).path;
            let last = path.rsplit(|byte| *byte == b'/').find(|part| !part.is_empty()).unwrap_or_default();
            created = id_shape(last).and_then(|_| field_id("id", "", last, &desk.names));
        }
    }
    HandedOut { issued, offered, created }
}

/// Adds the tokens of an answer's body. A refresh token renews the access token that came with it, and the next
/// access token renews the refresh token presented for it: so a chain of refreshes can be followed link by link.
pub(crate) fn link_tokens(
    issued: &mut SmallVec<[Issued; 0]>,
    access: Option<Principal>,
    refresh: Option<Principal>,
    shown: Option<Principal>,
) {
    if let Some(access) = access.clone().filter(|_| issued.len() < ISSUED_MAX) {
        issued.push(Issued { credential: access, renews: shown.clone() });
    }
    if let Some(refresh) = refresh.filter(|new| shown.as_ref() != Some(new) && issued.len() < ISSUED_MAX) {
        issued.push(Issued { credential: refresh, renews: access.or(shown) });
    }
}
