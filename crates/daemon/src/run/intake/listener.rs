//! Listeners: HTTP posts of gateways in, records and short answers out. Whoever does not know the secret is told nothing and
//! can send nothing; a full queue is answered with 503 and `Retry-After`.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    net::TcpListener,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body as _, Bytes, Incoming},
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use intake::{Pairs, Record, Refusal, kong, sideband_request, sideband_response};
use model::{Action, Digest, Loss, PrincipalId, PrincipalKind, Pseudonyms};
use sensor::Attestor;
use store::Ledger;
use tokio::{
    sync::Semaphore,
    time::{interval, timeout},
};

use super::Gate;
use crate::{clock, settings::Intake, told};

/// Largest body of a post.
const BODY_BYTES_MAX: usize = 8 << 20;
/// Connections of one listener at a time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 64;
/// Longest wait for a request's head, and again for its body.
const PATIENCE: Duration = Duration::from_secs(10);
/// Sideband requests that wait for their answers.
const PAIRS_MAX: usize = 10_000;
/// How long they wait.
const PAIR_PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at the stop sign, the pairs and the ledger.
const UPKEEP_EVERY: Duration = Duration::from_millis(500);

/// Who is blocked now, for gateways that ask before each request. Only with mode "enforce".
pub(super) struct Watch {
    pub(super) ledger: Arc<Ledger>,
    pub(super) attestor: Attestor,
    pub(super) names: Pseudonyms,
}

/// All listeners.
pub(super) struct Net {
    desks: Vec<(TcpListener, Arc<Desk>)>,
    gate: Gate,
    watch: Option<Arc<Mutex<Guard>>>,
}

struct Guard {
    watch: Watch,
    blocked: BTreeSet<PrincipalId>,
}

/// One listener.
struct Desk {
    intake: Intake,
    secret: Digest,
    gate: Gate,
    pairs: Mutex<Pairs>,
    watch: Option<Arc<Mutex<Guard>>>,
}

type Answer = Response<Full<Bytes>>;

impl Net {
    /// Listeners behind one gate.
    pub(super) fn new(doors: Vec<(Intake, TcpListener, Digest)>, gate: Gate, watch: Option<Watch>) -> Self {
        let watch = watch.map(|watch| Arc::new(Mutex::new(Guard { watch, blocked: BTreeSet::new() })));
        let desks = doors.into_iter().map(|(intake, listener, secret)| {
            let pairs = Mutex::new(Pairs::new(PAIRS_MAX, PAIR_PATIENCE));
            (listener, Arc::new(Desk { intake, secret, gate: gate.clone(), pairs, watch: watch.clone() }))
        });
        Self { desks: desks.collect(), gate, watch }
    }

    /// Serves until told to stop.
    pub(super) async fn serve(self) {
        let mut desks = Vec::new();
        for (listener, desk) in self.desks {
            desks.push(Arc::clone(&desk));
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => drop(tokio::spawn(desk.accept(listener))),
                Err(error) => tracing::error!(%error, intake = desk.intake.name, "intake_not_listening"),
            }
        }
        let mut upkeep = interval(UPKEEP_EVERY);
        while !self.gate.is_over() {
            upkeep.tick().await;
            for desk in &desks {
                desk.expire();
            }
            if let Some(guard) = &self.watch {
                lock(guard).look();
            }
        }
    }
}

impl Guard {
    /// Takes from the ledger who is blocked.
    fn look(&mut self) {
        match self.watch.ledger.live(clock::now()) {
            Ok(live) => {
                let blocks = live.into_iter().filter(|verdict| verdict.action == Action::Block);
                self.blocked = blocks.map(|verdict| verdict.principal.id).collect();
            }
            Err(error) => tracing::debug!(%error, "ledger_not_readable"),
        }
    }

    /// Whether the request is to be refused: its credential, its address, or the user whom the gateway vouches for.
    fn refuses(&mut self, record: &Record) -> bool {
        if self.blocked.is_empty() {
            return false;
        }
        let call = told::attest(&mut self.watch.attestor, record, false);
        let names = &self.watch.names;
        let user = record.user.as_deref().map(|user| names.named(PrincipalKind::User, user).id);
        let address = names.address(call.client).id;
        let all = call.identities.iter().map(|principal| principal.id).chain(user).chain([address]);
        all.into_iter().any(|id| self.blocked.contains(&id))
    }
}

impl Desk {
    async fn accept(self: Arc<Self>, listener: tokio::net::TcpListener) {
        let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, intake = self.intake.name, "intake_not_accepting");
                    tokio::time::sleep(UPKEEP_EVERY).await;
                    continue;
                }
            };
            let desk = Arc::clone(&self);
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let desk = Arc::clone(&desk);
                    async move { Ok::<_, Infallible>(desk.answer(request).await) }
                });
                let served = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(PATIENCE)
                    .max_buf_size(64 << 10)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                if let Err(error) = served {
                    tracing::debug!(%error, "intake_connection_ended");
                }
                drop(seat);
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        if !self.knows_secret(request.headers()) {
            return say(StatusCode::UNAUTHORIZED, "the secret is missing or wrong");
        }
        if request.method() != Method::POST {
            return say(StatusCode::METHOD_NOT_ALLOWED, "expected POST");
        }
        let path = request.uri().path().to_owned();
        let id = request.headers().get("x-correlationid").and_then(|id| id.to_str().ok());
        let id = id.unwrap_or_default().to_owned();
        if request.body().size_hint().lower() > BODY_BYTES_MAX as u64 {
            return self.too_large();
        }
        let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
        let body = match timeout(PATIENCE, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => return self.too_large(),
            Ok(Err(_)) => return say(StatusCode::BAD_REQUEST, "the body is cut off"),
            Err(_) => return say(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
        };
        match (self.intake.kind.as_str(), path.as_str()) {
            ("http_log", _) => self.http_log(&body),
            ("sideband", "/ase/request") => self.asked(&id, &body),
            ("sideband", "/ase/response") => self.told(&id, &body),
            _ => say(StatusCode::NOT_FOUND, "expected /ase/request or /ase/response"),
        }
    }

    /// Compares hashes, so that the time it takes says nothing of the secret.
    fn knows_secret(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(AUTHORIZATION).map(hyper::header::HeaderValue::as_bytes).and_then(|value| {
            let (scheme, token) = value.split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
        });
        let sideband = headers.get("ase-token").filter(|_| self.intake.kind == "sideband");
        let shown = bearer.or_else(|| sideband.map(hyper::header::HeaderValue::as_bytes));
        shown.is_some_and(|shown| Digest::of(shown.trim_ascii()) == self.secret)
    }

    fn http_log(&self, body: &[u8]) -> Answer {
        match kong(body) {
            Ok(records) => {
                let n = records.len() as u64;
                match self.gate.admit(records, self.trusted(), body.len()) {
                    Ok(()) => say(StatusCode::OK, ""),
                    Err(_) => self.busy(n),
                }
            }
            Err(refusal) => self.refused(&refusal),
        }
    }

    fn asked(&self, id: &str, body: &[u8]) -> Answer {
        let ask = match sideband_request(body, clock::now()) {
            Ok(ask) => ask,
            Err(refusal) => return self.refused(&refusal),
        };
        let refuses = self.watch.as_ref().is_some_and(|guard| lock(guard).refuses(&ask.record));
        let mut gone = Vec::new();
        let mut pairs = lock(&self.pairs);
        let before = pairs.unanswered();
        pairs.ask(id, ask, |record| gone.push(record));
        self.gate.count(Loss::HalfPair, pairs.unanswered() - before);
        drop(pairs);
        self.pass_on(gone, body.len());
        if refuses { say(StatusCode::FORBIDDEN, "blocked") } else { say(StatusCode::OK, "") }
    }

    fn told(&self, id: &str, body: &[u8]) -> Answer {
        let reply = match sideband_response(body) {
            Ok(reply) => reply,
            Err(refusal) => return self.refused(&refusal),
        };
        match lock(&self.pairs).reply(id, reply, clock::now()) {
            Some(record) => self.pass_on(vec![record], body.len()),
            None => self.gate.count(Loss::HalfPair, 1),
        }
        say(StatusCode::OK, "")
    }

    fn expire(&self) {
        let mut gone = Vec::new();
        let mut pairs = lock(&self.pairs);
        let before = pairs.unanswered();
        pairs.expire(clock::now(), |record| gone.push(record));
        self.gate.count(Loss::HalfPair, pairs.unanswered() - before);
        drop(pairs);
        self.pass_on(gone, 1);
    }

    /// A gateway that waits for its client is not held up: what finds no room is counted.
    fn pass_on(&self, records: Vec<Record>, bytes: usize) {
        if records.is_empty() {
            return;
        }
        if let Err(back) = self.gate.admit(records, self.trusted(), bytes) {
            self.gate.count(Loss::IntakeBusy, back.len() as u64);
        }
    }

    fn trusted(&self) -> bool {
        self.intake.trusted.unwrap_or(true)
    }

    fn busy(&self, n: u64) -> Answer {
        self.gate.count(Loss::IntakeBusy, n);
        let mut answer = say(StatusCode::SERVICE_UNAVAILABLE, "too much at once");
        answer.headers_mut().insert(RETRY_AFTER, hyper::header::HeaderValue::from_static("1"));
        answer
    }

    fn too_large(&self) -> Answer {
        self.gate.count(Loss::IntakeRefused, 1);
        say(StatusCode::PAYLOAD_TOO_LARGE, "expected at most 8 MiB")
    }

    fn refused(&self, refusal: &Refusal) -> Answer {
        self.gate.count(Loss::IntakeRefused, 1);
        say(StatusCode::BAD_REQUEST, &refusal.to_string())
    }
}

/// An answer with one line of JSON.
fn say(status: StatusCode, what: &str) -> Answer {
    let text =
        if what.is_empty() { "{}".to_owned() } else { serde_json::json!({ "message": what }).to_string() };
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    answer
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
