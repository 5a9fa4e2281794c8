//! Names of fields whose values are random and yet nobody's credential: ids of requests and traces, validators of caches,
//! proofs of one request, marks of analytics and load balancers. General knowledge of the field, never of one deployment.

use model::FieldPlace;

/// Parts of names, anywhere.
const PARTS: [&[u8]; 25] = [
    b"request-id",
    b"request_id",
    b"requestid",
    b"correlation",
    b"trace",
    b"csrf",
    b"xsrf",
    b"nonce",
    b"idempot",
    b"etag",
    b"signature",
    b"digest",
    b"checksum",
    b"timestamp",
    b"transaction-id",
    b"transaction_id",
    b"message-id",
    b"fingerprint",
    b"captcha",
    b"consent",
    b"analytics",
    b"visitor",
    b"experiment",
    b"deviceid",
    b"device-id",
];

/// Beginnings of header names.
const HEADERS: [&[u8]; 37] = [
    b"sec-",
    b"if-",
    b"accept",
    b"access-control-",
    b"content-",
    b"proxy-",
    b"x-forwarded",
    b"x-b3-",
    b"x-amzn-",
    b"x-amz-",
    b"x-goog-",
    b"x-ms-",
    b"x-datadog-",
    b"x-newrelic-",
    b"newrelic",
    b"x-cloud-",
    b"x-envoy-",
    b"x-azure-",
    b"x-vercel-",
    b"x-sentry-",
    b"sentry-",
    b"cf-",
    b"fly-",
    b"uber-",
    b"x-span",
    b"x-hub-",
    b"x-version",
    b"baggage",
    b"b3",
    b"user-agent",
    b"referer",
    b"origin",
    b"last-event-id",
    b"last-modified",
    b"via",
    b"date",
    b"expect",
];

/// Beginnings of names of cookies.
const COOKIES: [&[u8]; 46] = [
    b"_ga",
    b"_gid",
    b"_gcl",
    b"_gat",
    b"_fb",
    b"__utm",
    b"_hj",
    b"_pk_",
    b"_uet",
    b"_cl",
    b"ajs_",
    b"amp_",
    b"amplitude",
    b"mp_",
    b"optimizely",
    b"intercom",
    b"_dd_",
    b"__cf",
    b"cf_",
    b"ak_",
    b"bm_",
    b"_abck",
    b"datadome",
    b"incap_",
    b"visid_",
    b"nlbi_",
    b"awsalb",
    b"awselb",
    b"arraffinity",
    b"bigip",
    b"ts0",
    b"sticky",
    b"serverid",
    b"__stripe",
    b"_shopify_y",
    b"_tt",
    b"muid",
    b"1p_jar",
    b"_scid",
    b"_pin",
    b"hubspot",
    b"__hs",
    b"optanon",
    b"bcookie",
    b"_mkto",
    b"_vwo",
];

/// Names of parameters.
const QUERIES: [&[u8]; 21] = [
    b"state",
    b"code",
    b"code_challenge",
    b"code_verifier",
    b"cursor",
    b"after",
    b"before",
    b"page_token",
    b"pagetoken",
    b"next_token",
    b"nexttoken",
    b"continuation",
    b"sig",
    b"hmac",
    b"hash",
    b"gclid",
    b"fbclid",
    b"msclkid",
    b"v",
    b"_",
    b"redirect_uri",
];

/// Parts of names that speak for a credential.
const HINTS: [&[u8]; 12] = [
    b"auth", b"tok", b"sess", b"sid", b"ticket", b"login", b"cred", b"jwt", b"secret", b"key", b"user",
    b"ident",
];

/// Longest name that is compared.
const NAME_BYTES_MAX: usize = 64;

/// Whether values under this name are random by custom and no credential. A name of more than 64 bytes is none either.
pub(super) fn is_no_credential(place: FieldPlace, name: &[u8]) -> bool {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return true;
    }
    let mut lower = [0_u8; NAME_BYTES_MAX];
    let Some(lower) = lower.get_mut(..name.len()) else { return true };
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let lower = &*lower;
    let starts = |list: &[&[u8]]| list.iter().any(|start| lower.starts_with(start));
    let of_place = match place {
        FieldPlace::Header => starts(&HEADERS),
        FieldPlace::Cookie => starts(&COOKIES),
        FieldPlace::Query => {
            // An id in a query names an object, unless its name says otherwise.
            QUERIES.contains(&lower) || lower.starts_with(b"utm_") || names_object(lower)
        }
        FieldPlace::Answer => names_object(lower),
    };
    of_place || PARTS.iter().any(|part| memchr::memmem::find(lower, part).is_some())
}

/// Whether a name speaks for a credential.
pub(super) fn hints(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    HINTS.iter().any(|part| memchr::memmem::find(&lower, part).is_some())
}

fn names_object(lower: &[u8]) -> bool {
    (lower.ends_with(b"id") || lower.ends_with(b"ids")) && !hints(lower)
}
