//! What judging one call costs, by the number of callers. `cargo bench --package sidewatch-engine`.

use std::net::{Ipv4Addr, SocketAddr};

use divan::{Bencher, black_box, counter::ItemsCount};
use engine::{Engine, EngineConfig};
use model::{ApiCall, CallId, Context, Digest, Grade, HttpVersion, PrincipalKind, Pseudonyms, Timestamp};
use smallvec::SmallVec;

/// Calls judged between two measurements.
const CALLS: usize = 10_000;

fn main() {
    divan::main();
}

/// Callers who read their own orders, an hour of them known already.
#[divan::bench(args = [500, 20_000], sample_count = 20)]
fn observe(bencher: Bencher<'_, '_>, callers: u32) {
    let names = Pseudonyms::new([1; 16]);
    let mut engine = Engine::new(EngineConfig::default(), names.clone());
    let mut said = Vec::new();
    let mut state = 1_u64;
    let mut calls: Vec<ApiCall> = (0..CALLS).map(|n| call(n, callers, &names, &mut state)).collect();
    let mut now = calls[0].at;
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        for call in &mut calls {
            now = now.after(std::time::Duration::from_micros(500));
            (call.at, call.ended_at) = (now, now);
            engine.observe(black_box(call), &mut said);
            said.clear();
        }
    });
}

fn call(n: usize, callers: u32, names: &Pseudonyms, state: &mut u64) -> ApiCall {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let who = u32::try_from(*state >> 33).unwrap_or(0) % callers;
    let peer = SocketAddr::from((Ipv4Addr::from_bits(0x0b00_0000 + who), 4_000));
    let token = names.digested(PrincipalKind::Token, Digest::of(&who.to_be_bytes()));
    let at = Timestamp::from_parts(1_770_000_000, 0);
    ApiCall {
        at,
        id: CallId(n as u64),
        client: peer.ip(),
        peer,
        server: peer,
        http: HttpVersion::Http11,
        method: "GET".into(),
        host: "api.example".into(),
        path: format!("/api/v1/orders/{}", u64::from(who) * 8 + (*state >> 60) % 8).into(),
        status: Some(200),
        request_bytes: 0,
        response_bytes: 300,
        duration_us: Some(900),
        identities: SmallVec::from_iter([token]),
        complete: true,
        grade: Grade::A,
        ended_at: at,
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
