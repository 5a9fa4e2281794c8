//! Looks: what client software shows of itself. Names of header fields in their order, agent and language; and the same as
//! the sensor hashes them.

use compact_str::{CompactString, format_compact};
use model::{Context, Pseudonyms};

use crate::rng::{Rng, mix};

/// Place in [`Looks`].
pub(crate) type LookId = u16;

/// Software of one version in one language.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) agent: CompactString,
    pub(crate) language: CompactString,
    /// Names of its header fields in their order; some are left out where they say nothing.
    pub(crate) headers: &'static [&'static str],
    pub(crate) context: Context,
}

/// Families of client software.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Apple,
    Android,
    Browser,
    Script,
    Device,
    Monitor,
    Crawler,
    Assistant,
    /// What attackers run.
    Tool,
}

const LANGUAGES: [&str; 8] =
    ["en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "pl-PL", "it-IT,it;q=0.8", "nl-NL"];

const APPLE: &[&str] = &[
    "Host",
    "Content-Type",
    "Authorization",
    "Accept",
    "X-App-Version",
    "Accept-Language",
    "Accept-Encoding",
    "Content-Length",
    "User-Agent",
    "Connection",
];
const APPLE_NEXT: &[&str] = &[
    "Host",
    "Content-Type",
    "X-App-Version",
    "X-Device",
    "Authorization",
    "Accept",
    "Accept-Language",
    "Accept-Encoding",
    "Content-Length",
    "User-Agent",
    "Connection",
];
const ANDROID: &[&str] = &[
    "accept",
    "x-app-version",
    "accept-language",
    "authorization",
    "Content-Type",
    "Content-Length",
    "Host",
    "Connection",
    "Accept-Encoding",
    "User-Agent",
];
const BROWSER: &[&str] = &[
    "Host",
    "Connection",
    "Content-Length",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "User-Agent",
    "Content-Type",
    "Accept",
    "Authorization",
    "Sec-Fetch-Site",
    "Sec-Fetch-Mode",
    "Accept-Encoding",
    "Accept-Language",
    "Cookie",
];
const FIREFOX: &[&str] = &[
    "Host",
    "User-Agent",
    "Accept",
    "Accept-Language",
    "Accept-Encoding",
    "Content-Type",
    "Content-Length",
    "Authorization",
    "Connection",
    "Cookie",
    "Sec-Fetch-Site",
    "Sec-Fetch-Mode",
];
const SCRIPT: &[&str] = &[
    "Host",
    "User-Agent",
    "Accept-Encoding",
    "Accept",
    "Connection",
    "X-Api-Key",
    "Authorization",
    "Content-Type",
    "Content-Length",
];
const JAVA: &[&str] = &[
    "Content-Type",
    "X-Api-Key",
    "Authorization",
    "User-Agent",
    "Host",
    "Accept",
    "Connection",
    "Content-Length",
];
const PLAIN: &[&str] =
    &["Host", "User-Agent", "Accept", "X-Api-Key", "Authorization", "Content-Type", "Content-Length"];

/// Takes one software: its agent, its header names, whether it has a language.
type Out<'a> = dyn FnMut(CompactString, &'static [&'static str], bool) + 'a;

/// All looks.
#[derive(Debug)]
pub(crate) struct Looks {
    all: Vec<Look>,
    /// Begin and number of each family's; versions of a family lie side by side.
    families: Vec<(Family, LookId, LookId)>,
}

impl Looks {
    pub(crate) fn new(app: &str, seed: u64, names: &Pseudonyms) -> Self {
        let mut looks = Self { all: Vec::new(), families: Vec::new() };
        let mut rng = Rng::new(seed, 0x6c6f_6f6b);
        let major = rng.between(3, 9);
        looks.family(Family::Apple, names, &mut |out| {
            for (version, system) in [(0, "17.6"), (0, "18.1"), (0, "18.3"), (1, "18.3")] {
                let headers = if version == 0 { APPLE } else { APPLE_NEXT };
                out(format_compact!("{app}/{major}.{version} (iPhone; iOS {system})"), headers, true);
            }
        });
        looks.family(Family::Android, names, &mut |out| {
            for (version, system) in [(0, "13"), (0, "14"), (0, "15"), (1, "15")] {
                out(
                    format_compact!("{app}-android/{major}.{version} okhttp/4.12.0 (Android {system})"),
                    ANDROID,
                    true,
                );
            }
        });
        looks.family(Family::Browser, names, &mut |out| {
            for version in [128, 129, 130, 131] {
                let text = format_compact!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
                );
                out(text, BROWSER, true);
                let text = format_compact!("Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0");
                out(text, FIREFOX, true);
            }
        });
        looks.family(Family::Script, names, &mut |out| {
            out("python-requests/2.32.3".into(), SCRIPT, false);
            out("Apache-HttpClient/5.3 (Java/21.0.4)".into(), JAVA, false);
            out("Java-http-client/21.0.2".into(), JAVA, false);
            out("axios/1.7.7".into(), SCRIPT, false);
            out("Go-http-client/1.1".into(), PLAIN, false);
            out("curl/8.9.1".into(), PLAIN, false);
            out("PostmanRuntime/7.42.0".into(), SCRIPT, false);
        });
        looks.family(Family::Device, names, &mut |out| {
            out(format_compact!("{app}-device/2.{}", major), PLAIN, false);
            out(format_compact!("esp-idf/5.{} esp32", major), PLAIN, false);
        });
        looks.family(Family::Monitor, names, &mut |out| out("kube-probe/1.31".into(), PLAIN, false));
        looks.family(Family::Crawler, names, &mut |out| {
            out("Mozilla/5.0 (compatible; SearchBot/2.1; +http://bot.example)".into(), PLAIN, false);
        });
        looks.family(Family::Assistant, names, &mut |out| {
            out("assistant-actions/1.4 (+https://assistant.example)".into(), SCRIPT, false);
            out("mcp-client/0.9 node/22".into(), JAVA, false);
        });
        looks.family(Family::Tool, names, &mut |out| {
            out("python-requests/2.31.0".into(), SCRIPT, false);
            out("Mozilla/5.0".into(), PLAIN, false);
            out("Go-http-client/1.1".into(), SCRIPT, false);
            out("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36".into(), PLAIN, false);
            out("python-httpx/0.27.0".into(), SCRIPT, false);
        });
        looks
    }

    /// Adds a family: each software in each language it speaks.
    fn family(&mut self, family: Family, names: &Pseudonyms, list: &mut dyn FnMut(&mut Out<'_>)) {
        let start = self.all.len();
        list(&mut |agent, headers, has_language| {
            let languages: &[&str] = if has_language { &LANGUAGES } else { &[""] };
            for language in languages {
                self.all.push(look(agent.clone(), language, headers, names));
            }
        });
        let place = |n: usize| LookId::try_from(n).unwrap_or(0);
        self.families.push((family, place(start), place(self.all.len() - start)));
    }

    pub(crate) fn get(&self, id: LookId) -> Option<&Look> {
        self.all.get(usize::from(id))
    }

    /// A look of the family that goes with a hash, one version before the newest, or the newest.
    pub(crate) fn of(&self, family: Family, hash: u64, is_newest: bool) -> LookId {
        let Some((_, start, n)) = self.families.iter().find(|(known, ..)| *known == family).copied() else {
            return 0;
        };
        if !matches!(family, Family::Apple | Family::Android | Family::Browser) {
            return start + LookId::try_from(mix(hash, 1) % u64::from(n)).unwrap_or(0);
        }
        let language = LookId::try_from(mix(hash, 2) % LANGUAGES.len() as u64).unwrap_or(0);
        let per_version = 8;
        // Browsers lie side by side two by two, and nobody changes his browser for a release.
        let (versions, sort) = if family == Family::Browser {
            (n / per_version / 2, LookId::try_from(mix(hash, 4) % 2).unwrap_or(0))
        } else {
            (n / per_version, 0)
        };
        let older = versions.saturating_sub(1).max(1);
        let version =
            if is_newest { older } else { LookId::try_from(mix(hash, 3) % u64::from(older)).unwrap_or(0) };
        let version = if family == Family::Browser { version * 2 + sort } else { version };
        start + version * per_version + language
    }
}

fn look(agent: CompactString, language: &str, headers: &'static [&'static str], names: &Pseudonyms) -> Look {
    let hash =
        |domain: &[u8], text: &str| if text.is_empty() { 0 } else { names.short(domain, text.as_bytes()) };
    let context = Context {
        agent: hash(b"agent", &agent),
        headers: 0,
        language: hash(b"language", language),
        ..Context::default()
    };
    Look { agent, language: language.into(), headers, context }
}

/// Whether a name belongs to the look of the client rather than to one request, as the sensor has it.
pub(crate) fn is_lasting(name: &str) -> bool {
    const PASSING: [&str; 6] =
        ["content-type", "content-length", "authorization", "cookie", "connection", "x-forwarded-for"];
    !PASSING.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a request without this has no such field.
pub(crate) fn is_optional(name: &str) -> bool {
    name.eq_ignore_ascii_case("x-api-key") || name.eq_ignore_ascii_case("accept-language")
}

/// The sensor's hash of the names that last, with or without a key among them.
pub(crate) fn headers_hash(look: &Look, has_key: bool, names: &Pseudonyms) -> u64 {
    let mut all = Vec::with_capacity(160);
    for name in look.headers {
        let is_left_out = name.eq_ignore_ascii_case("x-api-key") && !has_key
            || name.eq_ignore_ascii_case("accept-language") && look.language.is_empty();
        if is_lasting(name) && !is_left_out {
            all.extend_from_slice(name.as_bytes());
            all.push(b'\n');
        }
    }
    names.short(b"headers", &all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_changes_the_look_and_nothing_else_does() {
        let looks = Looks::new("shop", 1, &Pseudonyms::new([1; 16]));
        for family in [Family::Apple, Family::Android, Family::Browser] {
            for hash in 0..200 {
                let (old, new) = (looks.of(family, hash, false), looks.of(family, hash, true));
                assert_ne!(old, new, "{family:?}");
                let language = |id| looks.get(id).map(|look| look.language.clone());
                assert_eq!(language(old), language(new));
            }
        }
        let last = LookId::try_from(looks.all.len()).expect("few");
        assert!((0..500).all(|hash| looks.of(Family::Tool, hash, true) < last));
    }
}
