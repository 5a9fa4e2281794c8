//! Session cookies: `Cookie` and `Set-Cookie` values in, the one that behaves like a session out.

use model::FieldPlace;
use smallvec::SmallVec;

use super::candidates::may_be;

/// Cookies of one request that are looked at though no rule knows them.
const STRANGE_MAX: usize = 16;

/// What is known of a cookie by its name: lower is better, `None` is no session.
fn rank(name: &[u8], configured: &[String]) -> Option<u8> {
    if configured.iter().any(|known| known.as_bytes() == name) {
        return Some(0);
    }
    let name = strip(strip(name, b"__Host-"), b"__Secure-");
    if name.len() > 64 {
        return None;
    }
    let mut lower = [0_u8; 64];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let lower = &*lower;
    let has = |part: &[u8]| memchr::memmem::find(lower, part).is_some();
    if lower.starts_with(b"_g") || lower.starts_with(b"__utm") || has(b"csrf") || has(b"xsrf") {
        return None;
    }
    match lower {
        b"sid" | b"connect.sid" | b"phpsessid" | b"jsessionid" | b"asp.net_sessionid" => Some(1),
        _ if has(b"sess") || lower.ends_with(b".sid") || lower.ends_with(b"_sid") => Some(2),
        b"jwt" | b"access_token" => Some(3),
        _ if lower.starts_with(b"auth") || lower.starts_with(b"token") => Some(4),
        _ if lower.starts_with(b"remember_") => Some(5),
        _ => None,
    }
}

fn strip<'n>(name: &'n [u8], prefix: &[u8]) -> &'n [u8] {
    name.strip_prefix(prefix).unwrap_or(name)
}

/// The best session among the cookies of one request.
#[derive(Clone, Default)]
pub(super) struct Session<'h> {
    best: Option<(u8, &'h [u8], &'h [u8])>,
    ambiguous: bool,
    /// Names and values of those that are no session by name and may be one.
    pub(super) strange: SmallVec<[(&'h [u8], &'h [u8]); 2]>,
}

impl<'h> Session<'h> {
    /// Reads one `Cookie` value (RFC 6265 section 4.2.1).
    pub(super) fn read(&mut self, cookies: &'h [u8], configured: &[String]) {
        for pair in cookies.split(|byte| *byte == b';').take(256) {
            let Some((name, value)) = split(pair) else { continue };
            let Some(rank) = rank(name, configured) else {
                if may_be(FieldPlace::Cookie, name, value) && self.strange.len() < STRANGE_MAX {
                    self.strange.push((name, value));
                }
                continue;
            };
            if rank > 0 && !looks_random(value) || value.is_empty() {
                continue;
            }
            match self.best {
                Some((_, known, before)) if known == name => self.ambiguous |= before != value,
                Some((best, ..)) if best <= rank => {}
                _ => {
                    self.best = Some((rank, name, value));
                    self.ambiguous = false;
                }
            }
        }
    }

    /// Whether there are two of one name with different values.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// Its value, if there is exactly one.
    pub(super) fn value(&self) -> Option<&'h [u8]> {
        self.best.filter(|_| !self.ambiguous).map(|(_, _, value)| value)
    }
}

/// The session that a `Set-Cookie` value hands out, unless it takes one away.
pub(super) fn handed_out<'h>(set_cookie: &'h [u8], configured: &[String]) -> Option<&'h [u8]> {
    let (name, value) = given(set_cookie)?;
    let rank = rank(name, configured)?;
    (rank == 0 || looks_random(value)).then_some(value)
}

/// The name and value that a `Set-Cookie` value hands out, unless it takes one away.
pub(super) fn given(set_cookie: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = set_cookie.split(|byte| *byte == b';');
    let (name, value) = split(parts.next()?)?;
    let removes = parts.any(|part| {
        part.trim_ascii()
            .to_ascii_lowercase()
            .strip_prefix(b"max-age=")
            .is_some_and(|age| age.first() == Some(&b'-') || age.iter().all(|digit| *digit == b'0'))
    });
    (!removes && !value.is_empty()).then_some((name, value))
}

/// Whether a cookie is a session by its name.
pub(super) fn is_known(name: &[u8], configured: &[String]) -> bool {
    rank(name, configured).is_some()
}

/// Every value of a `Cookie` header.
pub(super) fn values(cookies: &[u8]) -> impl Iterator<Item = &[u8]> {
    cookies.split(|byte| *byte == b';').take(256).filter_map(|pair| Some(split(pair)?.1))
}

fn split(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let cut = memchr::memchr(b'=', pair)?;
    let value = pair.get(cut + 1..)?.trim_ascii();
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    Some((pair.get(..cut)?.trim_ascii(), value))
}

/// 16 bytes or more, of 8 different ones or more.
pub(super) fn looks_random(value: &[u8]) -> bool {
    let mut seen = [0_u64; 4];
    for byte in value {
        seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    value.len() >= 16 && seen.iter().map(|bits| bits.count_ones()).sum::<u32>() >= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_by_table() {
        const ID: &str = "a8f5f167f44f4964";
        for (cookies, found) in [
            (format!("theme=dark; sid={ID}"), true),
            (format!("__Host-session=\"{ID}\""), true),
            (format!("_ga={ID}; csrf_session={ID}"), false),
            ("sid=short".to_owned(), false),
            ("sid=aaaaaaaaaaaaaaaaaaaaaa".to_owned(), false),
            (format!("sid={ID}; sid=b8f5f167f44f4964"), false),
            (format!("sid={ID}; sid={ID}"), true),
        ] {
            let mut session = Session::default();
            session.read(cookies.as_bytes(), &[]);
            assert_eq!(session.value().is_some(), found, "{cookies}");
        }
    }

    #[test]
    fn a_removed_cookie_is_not_handed_out() {
        assert!(handed_out(b"sid=a8f5f167f44f4964; Path=/", &[]).is_some());
        assert!(handed_out(b"sid=a8f5f167f44f4964; Max-Age=0", &[]).is_none());
    }
}
