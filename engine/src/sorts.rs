//! Sorts of credentials: a call and its caller in, with whom the caller is compared out. Never by what a caller is free to choose.

use model::{ApiCall, PrincipalKind};

use crate::{
    hash::{Tag, mix},
    subjects::Subject,
};

/// The sort of a credential: its form, the application that it was made for, and whether it was seen to be handed out without
/// a password, as those of partners' programs are. Nothing that a caller is free to choose, such as its software: an excuse
/// that anybody can give is none. Software and network only narrow an excuse.
pub(crate) fn sort_of(call: &ApiCall, subject: &Subject) -> u64 {
    let form = form_of(call, subject.principal.kind);
    if subject.unasked { mix(form, 1) } else { form }
}

/// The form of a credential, and the application that it was made for.
pub(crate) fn form_of(call: &ApiCall, kind: PrincipalKind) -> u64 {
    let application = call.identities.iter().find(|who| who.kind == PrincipalKind::Client);
    mix(application.map_or(0, |client| u64::from(Tag::of(client.id).0)), kind as u64 + 1)
}
