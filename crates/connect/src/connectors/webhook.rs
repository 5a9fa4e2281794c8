//! A generic webhook: one revocation in, one signed POST out (Standard Webhooks 1.0.0), its status read.
//! The same revocation always carries the same `webhook-id`, so that a receiver can drop what it has seen.
//! Never follows where a receiver points to.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::{Action, Digest, Principal, PrincipalKind, Revocation, Timestamp, VerdictId};
use serde::Serialize;
use sha2::Sha256;

use crate::{
    ConfigError, Connector, Conversation, Duty, GatewayConfig, Outcome, Place, Reply, Request, Secret, Step,
    Style, Task,
};

/// Key lengths that the standard allows.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// A receiver's wish to wait is granted up to this.
const WAIT_MAX: Duration = Duration::from_secs(300);

pub(super) fn build(config: &GatewayConfig) -> Result<Box<dyn Connector>, ConfigError> {
    let url =
        config.url.parse::<reqwest::Url>().map_err(|_| config.wrong("url", "expected https://HOST/PATH"))?;
    match url.scheme() {
        "https" => {}
        "http" if config.allow_plain_http => {}
        _ => return Err(config.wrong("url", "expected https://, or http:// with allow_plain_http = true")),
    }
    if !url.username().is_empty() || url.password().is_some() || url.host_str().is_none() {
        return Err(config.wrong("url", "expected a host and no user name or password"));
    }
    let Some(file) = &config.secret_file else {
        return Err(config.wrong("secret_file", "expected a file with whsec_ and 24 to 64 bytes in base64"));
    };
    let text = std::fs::read_to_string(file)
        .map(|text| Secret::new(text.into_bytes()))
        .map_err(|error| config.wrong("secret_file", format!("{}: {error}", file.display())))?;
    let key = signing_key(&text).ok_or_else(|| {
        config
            .wrong("secret_file", format!("{}: expected whsec_ and 24 to 64 bytes in base64", file.display()))
    })?;
    Ok(Box::new(Webhook {
        gateway: config.name.to_string(),
        place: Place::Url { url: Secret::new(url.as_str().into()), private: config.allow_private },
        key,
        kinds: config.kinds.clone(),
    }))
}

fn signing_key(text: &Secret) -> Option<Secret> {
    let coded = std::str::from_utf8(text.reveal()).ok()?.trim().strip_prefix("whsec_")?;
    let key = STANDARD.decode(coded).ok()?;
    KEY_BYTES.contains(&key.len()).then(|| Secret::new(key))
}

struct Webhook {
    gateway: String,
    place: Place,
    key: Secret,
    kinds: Vec<PrincipalKind>,
}

/// The body of a request.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    event: &'static str,
    event_id: &'a str,
    timestamp: Timestamp,
    gateway: &'a str,
    verdict: VerdictId,
    action: Action,
    principal: &'a Principal,
    until: Timestamp,
}

impl Webhook {
    fn post(&self, duty: Duty, revocation: &Revocation, now: Timestamp) -> Result<Request, String> {
        let event = match duty {
            Duty::Apply => "verdict.applied",
            Duty::Retract => "verdict.withdrawn",
        };
        let subject = format!("{}\n{}\n{event}\n{}", revocation.verdict, self.gateway, revocation.action);
        let id: String = Digest::of(subject.as_bytes()).to_string().chars().take(32).collect();
        let id = format!("sw_{id}");
        let body = Body {
            event,
            event_id: &id,
            timestamp: now,
            gateway: &self.gateway,
            verdict: revocation.verdict,
            action: revocation.action,
            principal: &revocation.principal,
            until: revocation.until,
        };
        let body = serde_json::to_string(&body).map_err(|error| error.to_string())?;
        let seconds = now.as_secs();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.reveal()).map_err(|error| error.to_string())?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signature),
        ];
        Ok(Request::Post { headers, body })
    }
}

impl Connector for Webhook {
    fn style(&self) -> Style {
        Style::Told
    }

    fn accepts(&self, revocation: &Revocation) -> Result<(), String> {
        let kind = revocation.principal.kind;
        if self.kinds.is_empty() || self.kinds.contains(&kind) {
            return Ok(());
        }
        Err(format!("not configured to be told of kind {kind}"))
    }

    fn begin<'c>(&'c mut self, task: Task) -> Box<dyn Conversation + 'c> {
        match task {
            Task::Tell(duty, revocation, now) => Box::new(Telling {
                verdict: Some(revocation.verdict),
                request: Some(self.post(duty, &revocation, now)),
            }),
            // There is no list to read or to mend.
            Task::Probe | Task::Update(_) | Task::Resync(_) => {
                Box::new(Telling { verdict: None, request: None })
            }
        }
    }

    fn place(&self) -> Place {
        self.place.clone()
    }
}

struct Telling {
    verdict: Option<VerdictId>,
    request: Option<Result<Request, String>>,
}

impl Conversation for Telling {
    fn step(&mut self, reply: Option<Reply>) -> Step {
        match (reply, self.request.take()) {
            (None, Some(Ok(request))) => Step::Send(request),
            (None, Some(Err(reason))) => Step::Refuse(reason),
            (Some(Reply::Http { status, retry_after }), _) => match status {
                200..=299 => Step::Done(Outcome {
                    confirmed: self.verdict.into_iter().collect(),
                    ..Outcome::default()
                }),
                400..=499 if !matches!(status, 408 | 425 | 429) => Step::Refuse(format!("answered {status}")),
                _ => Step::Retry {
                    reason: format!("answered {status}"),
                    after: retry_after.map(|wait| wait.min(WAIT_MAX)),
                },
            },
            (Some(Reply::Text(_)), _) => Step::Retry { reason: "expected HTTP".to_owned(), after: None },
            (None, None) => Step::Done(Outcome::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signing_key_needs_its_prefix_and_length() {
        let key =
            |text: &str| signing_key(&Secret::new(text.as_bytes().to_vec())).map(|key| key.reveal().len());
        assert_eq!(key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), Some(24));
        assert_eq!(key("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), None);
        assert_eq!(key("whsec_MfKQ"), None);
    }

    #[test]
    fn plain_http_and_credentials_in_the_url_are_refused() {
        let config =
            |url: &str| GatewayConfig { url: url.to_owned(), ..GatewayConfig::new("hook", "webhook") };
        assert_eq!(config("http://example.org/").check().expect_err("plain").key, "url");
        assert_eq!(config("https://a:b@example.org/").check().expect_err("password").key, "url");
        assert_eq!(config("ftp://example.org/").check().expect_err("scheme").key, "url");
        assert_eq!(config("https://example.org/").check().expect_err("no secret").key, "secret_file");
    }
}
