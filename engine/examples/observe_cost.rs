//! What one call costs: a shop of many callers played into an engine, then a flood of strangers. Prints time per call and
//! resident memory. `cargo run --release -p sidewatch-engine --example observe_cost`
//! Further words after the number of callers: `fields` for calls with parameters and a signed token, `without=jwt,shape` for
//! an engine without these detectors.

use std::{collections::BTreeSet, time::Duration};

use engine::{Engine, EngineConfig};
use model::{
    ApiCall, BodyFacts, CallId, Charset, Context, Details, Digest, Field, Grade, HttpVersion, PrincipalKind,
    Pseudonyms, Shape, Signs, Timestamp, TokenAlgorithm, ValueKind,
};
use smallvec::SmallVec;

/// Callers unless the first argument says otherwise.
const CALLERS: u64 = 20_000;
const CALLS: u64 = 2_000_000;
/// Calls handed over at once.
const BATCH: usize = 256;
const STRANGERS: u64 = 1_000_000;

fn main() {
    let callers = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(CALLERS);
    let names = Pseudonyms::new([1; 16]);
    let memory_bytes =
        EngineConfig::default().memory_bytes.max(usize::try_from(callers).unwrap_or(0) * 5_000);
    let disabled = words("without=");
    let config = EngineConfig { memory_bytes, disabled, ..EngineConfig::default() };
    let mut engine = Engine::new(config, names.clone());
    let with_fields = std::env::args().any(|word| word == "fields");
    let tokens: Vec<_> = (0..callers).map(|n| names.digested(PrincipalKind::Token, digest(n))).collect();
    let (mut call, mut said, mut state) = (blank(), Vec::new(), 1_u64);
    let mut spent = Duration::ZERO;
    let warm = callers * 3;
    let mut batch = Vec::with_capacity(BATCH);
    for n in 0..warm + CALLS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let who = if n < warm { n % callers } else { (state >> 33) % callers };
        call.id = CallId(n);
        call.at = call.at.after(Duration::from_micros(500));
        call.ended_at = call.at;
        call.path = format!("/api/v1/orders/{}", who * 8 + (state >> 60) % 8).into();
        call.identities = SmallVec::from_iter([tokens[usize::try_from(who).unwrap_or(0)].clone()]);
        call.client = std::net::Ipv4Addr::from_bits(u32::try_from(0x0b00_0000 + who).unwrap_or(0)).into();
        call.status = Some(if state >> 58 == 0 { 404 } else { 200 });
        if with_fields {
            call.context.algorithm = TokenAlgorithm::Rsa;
            call.details = Some(Box::new(sent(state)));
        }
        batch.push(call.clone());
        if batch.len() == BATCH {
            let start = on_cpu();
            engine.observe_batch(&batch, &mut said);
            spent += if n < warm { Duration::ZERO } else { on_cpu() - start };
            batch.clear();
        }
    }
    let (start, mut bytes) = (on_cpu(), Vec::new());
    let taken = engine.snapshot(&mut bytes).is_ok();
    println!("snapshot: {taken}, {} ms, {} MiB", (on_cpu() - start).as_millis(), bytes.len() >> 20);
    drop(bytes);
    report("shop", CALLS, spent, &engine, said.len());
    spent = Duration::ZERO;
    for n in 0..STRANGERS {
        call.at = call.at.after(Duration::from_micros(50));
        call.ended_at = call.at;
        call.status = Some(if n % 2 == 0 { 200 } else { 404 });
        call.identities.clear();
        if n % 2 == 0 {
            call.identities.push(names.digested(PrincipalKind::Token, digest(n + callers)));
        }
        call.path = format!("/api/v1/orders/x{n}y").into();
        call.client = std::net::Ipv4Addr::from_bits(u32::try_from(0x2000_0000 + n).unwrap_or(0)).into();
        batch.push(call.clone());
        if batch.len() == BATCH {
            let start = on_cpu();
            engine.observe_batch(&batch, &mut said);
            spent += on_cpu() - start;
            batch.clear();
        }
    }
    report("flood", STRANGERS, spent, &engine, said.len());
}

/// The list behind a word of the command line.
fn words(start: &str) -> BTreeSet<compact_str::CompactString> {
    let lists = std::env::args().filter_map(|word| word.strip_prefix(start).map(str::to_owned));
    lists.flat_map(|list| list.split(',').map(Into::into).collect::<Vec<_>>()).collect()
}

/// A query of two parameters and a body of six members.
fn sent(state: u64) -> Details {
    let field = |name: &str, kind, length, charset| Field {
        name: name.into(),
        kind,
        length,
        charset: Charset(charset),
        magnitude: i16::from(kind == ValueKind::Int) * i16::try_from(length).unwrap_or(0),
        signs: Signs::default(),
    };
    let length = 1 + u32::try_from(state >> 60).unwrap_or(0) / 4;
    let query = ["page", "size"].map(|name| field(name, ValueKind::Int, length, Charset::DIGIT));
    let words = ["state", "city", "street", "note"];
    let members = words.map(|name| field(name, ValueKind::Text, 4 + length, Charset::LOWER));
    let amounts = ["amount", "count"].map(|name| field(name, ValueKind::Int, length, Charset::DIGIT));
    let shape = Shape { keys: 1, depth: 2, values: 6, ..Shape::default() };
    let request = BodyFacts {
        bytes: 120,
        shape: Some(shape),
        fields: members.into_iter().chain(amounts).collect(),
        ..BodyFacts::default()
    };
    Details { query: query.into_iter().collect(), request: Some(request), ..Details::default() }
}

/// Time that this thread was on a processor: other work on the machine does not count.
fn on_cpu() -> Duration {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(times.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn report(name: &str, calls: u64, spent: Duration, engine: &Engine, said: usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS: unknown");
    let each = spent.as_nanos() / u128::from(calls);
    let tables = engine.summary().memory_bytes >> 20;
    println!("{name}: {each} ns a call, {said} judgements, tables {tables} MiB, {memory}");
}

fn digest(n: u64) -> Digest {
    Digest::of(&n.to_be_bytes())
}

fn blank() -> ApiCall {
    let peer = std::net::SocketAddr::from(([192, 0, 2, 1], 4_000));
    ApiCall {
        at: Timestamp::from_parts(1_770_000_000, 0),
        id: CallId(0),
        client: peer.ip(),
        peer,
        server: peer,
        http: HttpVersion::Http11,
        method: "GET".into(),
        host: "api.example".into(),
        path: "/".into(),
        status: Some(200),
        request_bytes: 0,
        response_bytes: 0,
        duration_us: Some(1),
        identities: SmallVec::new(),
        complete: true,
        grade: Grade::A,
        ended_at: Timestamp::ZERO,
        context: Context { agent: 1, headers: 1, ..Context::default() },
        asked: SmallVec::new(),
        given: SmallVec::new(),
        issued: SmallVec::new(),
        login: None,
        decoys: SmallVec::new(),
        ambiguities: Default::default(),
        details: None,
    }
}
