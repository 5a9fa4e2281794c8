//! What judging one call costs by the number of live principals, and what they take in memory. `cargo bench --package
//! sidewatch-engine --bench scale`, with sizes as arguments; `-- day MIB PRINCIPALS` fills a day with newcomers instead.
#![allow(clippy::disallowed_methods, reason = "measures time")]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use engine::{ColdMemory, Engine, EngineConfig, Judgement};
use model::{
    Action, ApiCall, CallId, Context, Digest, FieldId, Grade, HttpVersion, IdShape, Loss, Mode, Principal,
    PrincipalKind, Pseudonyms, Timestamp,
};
use smallvec::SmallVec;

/// Calls made before each is timed with the others of its batch, as the daemon judges them.
const BATCH: usize = 1_024;
/// Batches of one engine in one round.
const BATCHES: usize = 100;
/// Rounds in which every size has its turn.
const ROUNDS: usize = 7;
/// Calls of each principal before the first round: habits begin with the third.
const KNOWN_CALLS: u64 = 5;
/// Calls of each principal in an hour while time is taken.
const HOURLY: u64 = 20;
/// Memory of engines whose principals are all to be kept; those of more principals have to manage with less.
const AMPLE: (u64, usize) = (2_000_000, 24 << 30);
const SCARCE: (u64, usize) = (2, 4 << 30);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    if words.first().is_some_and(|word| word == "day") {
        let at = |place: usize, other| numbers.get(place).copied().unwrap_or(other);
        return day(at(0, 1_024) << 20, at(1, 10_000_000) as u64);
    }
    let sizes = if numbers.is_empty() { vec![10_000, 100_000, 1_000_000] } else { numbers };
    ratios(&sizes);
}

/// Engines of every size side by side, timed in turns.
fn ratios(sizes: &[usize]) {
    let mut towns = Vec::new();
    println!("{:>12} {:>14} {:>14} {:>12}", "principals", "rows", "resident MiB", "bytes each");
    for size in sizes {
        let before = resident_bytes();
        let is_large = *size as u64 > AMPLE.0;
        let (rounds, memory) = if is_large { SCARCE } else { (KNOWN_CALLS, AMPLE.1) };
        let mut town = Town::new(*size as u64, memory);
        for _ in 0..rounds {
            town.round();
        }
        let grown = resident_bytes().saturating_sub(before);
        let rows = town.engine.summary().principals;
        println!("{size:>12} {rows:>14} {:>14} {:>12}", grown >> 20, grown / size);
        towns.push((town, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (town, times) in &mut towns {
            times.push(town.timed());
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let least = median(&mut towns[0].1);
    println!("{:>12} {:>14} {:>14} {:>12}", "principals", "ns per call", "times least", "evicted");
    for (town, times) in &mut towns {
        let spent = median(times);
        let evicted = town.engine.losses().of(Loss::PrincipalEvicted);
        println!("{:>12} {spent:>14.0} {:>14.2} {evicted:>12}", town.size, spent / least);
    }
}

/// A day on which far more newcomers come than have room: what is held, and whether those who were known before are still
/// judged. Twenty of them turn at its end, as do twenty of a day without newcomers.
fn day(limit: usize, newcomers: u64) {
    const KNOWN: u64 = 20_000;
    const TURNING: u64 = 20;
    for newcomers in [0, newcomers] {
        let before = resident_bytes();
        let mut town = Town::new(KNOWN, limit);
        (0..KNOWN_CALLS * 6).for_each(|_| town.round());
        let (mut most, began) = (0, Instant::now());
        let steps = 240_u64;
        for step in 0..steps {
            town.pause(Duration::from_secs(360));
            (0..KNOWN / 8).for_each(|n| town.play((step * KNOWN / 8 + n) % KNOWN));
            let first = KNOWN + newcomers / steps * step;
            for who in first..first + newcomers / steps {
                town.play(who);
                town.play(who);
            }
            town.judge();
            most = most.max(resident_bytes().saturating_sub(before));
        }
        let turned: Vec<u64> = (0..TURNING).map(|n| n * 977 % KNOWN).collect();
        town.said.clear();
        for n in 0..40 {
            for who in &turned {
                town.pause(Duration::from_secs(2));
                let mut call = town.call(*who);
                (call.method, call.status) = ("GET".into(), Some(200));
                call.path = format!("/api/v1/orders/{}", (who + 50 + n * 7) % KNOWN * 8).into();
                (call.asked, call.given) = (SmallVec::new(), SmallVec::new());
                town.batch.push(call);
            }
        }
        town.judge();
        let blocked = turned.iter().filter(|who| town.is_blocked(&town.token(**who))).count();
        let summary = town.engine.summary();
        println!(
            "{newcomers} newcomers in a day: {} rows, tables {} MiB of {}, resident at most {} MiB more, {blocked} of {TURNING} turned ones blocked, {:.0} s",
            summary.principals,
            summary.memory_bytes >> 20,
            limit >> 20,
            most >> 20,
            began.elapsed().as_secs_f64(),
        );
        for (loss, n) in summary.losses.nonzero() {
            println!("  {} {n}", loss.name());
        }
    }
}

/// Callers of one service, and the engine that judges them.
struct Town {
    size: u64,
    engine: Engine,
    names: Pseudonyms,
    now: Timestamp,
    calls: u64,
    dice: u64,
    batch: Vec<ApiCall>,
    said: Vec<Judgement>,
}

impl Town {
    fn new(size: u64, memory_bytes: usize) -> Self {
        let names = Pseudonyms::new([1; 16]);
        let config = EngineConfig { mode: Mode::Enforce, memory_bytes, ..EngineConfig::default() };
        let cold = ColdMemory::within(memory_bytes / 12);
        Self {
            size,
            engine: Engine::new(config, names.clone()).with_cold(Box::new(cold)),
            names,
            now: Timestamp::from_parts(1_770_019_200, 0),
            calls: 0,
            dice: 1,
            batch: Vec::with_capacity(BATCH),
            said: Vec::new(),
        }
    }

    /// One call of everybody, in no order that memory knows.
    fn round(&mut self) {
        // A prime: every caller has its turn once.
        let (step, first) = (982_451_653 % self.size, self.calls);
        for n in 0..self.size {
            self.play((n * step + first) % self.size);
        }
        self.judge();
    }

    fn play(&mut self, who: u64) {
        let call = self.call(who);
        self.batch.push(call);
        if self.batch.len() == BATCH {
            self.judge();
        }
    }

    fn judge(&mut self) {
        self.engine.observe_batch(&self.batch, &mut self.said);
        self.batch.clear();
    }

    /// Nanoseconds per call of some batches by anybody.
    fn timed(&mut self) -> f64 {
        self.judge();
        let mut spent = Duration::ZERO;
        for _ in 0..BATCHES {
            for _ in 0..BATCH {
                let who = self.roll() % self.size;
                let call = self.call(who);
                self.batch.push(call);
            }
            let start = processor_time();
            self.judge();
            spent += processor_time().saturating_sub(start);
            self.said.clear();
        }
        spent.as_nanos() as f64 / (BATCHES * BATCH) as f64
    }

    fn pause(&mut self, span: Duration) {
        self.now = self.now.after(span);
    }

    fn is_blocked(&self, who: &Principal) -> bool {
        self.said.iter().any(|said| match said {
            Judgement::Verdict(verdict) => verdict.principal == *who && verdict.would == Action::Block,
            Judgement::Finding(_) => false,
        })
    }

    fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.dice >> 20
    }

    fn token(&self, who: u64) -> Principal {
        self.names.digested(PrincipalKind::Token, Digest::of(&who.to_be_bytes()))
    }

    fn field(&self, name: &str, id: u64) -> FieldId {
        let object = self.names.object(id.to_string().as_bytes());
        FieldId { name: name.into(), object, shape: IdShape::Int }
    }

    /// The next call of a caller of a shop: its own orders, its profile, wares that everybody looks at, a few mistakes.
    fn call(&mut self, who: u64) -> ApiCall {
        self.now = self.now.after(Duration::from_nanos(3_600_000_000_000 / (HOURLY * self.size)));
        self.calls += 1;
        let dice = self.roll();
        let (order, ware) = (who * 8 + dice / 128 % 6, dice / 1_024 % 200 * (dice / 262_144 % 100));
        let (mut asked, mut given) = (SmallVec::new(), SmallVec::new());
        let (method, path, status, bytes) = match dice % 100 {
            0..35 => ("GET", format!("/api/v1/orders/{order}"), 200, 900),
            35..55 => {
                given.extend((0..6).map(|n| self.field("id", who * 8 + n)));
                ("GET", "/api/v1/orders".to_owned(), 200, 2_400)
            }
            55..75 => ("GET", format!("/api/v1/wares/{ware}"), 200, 1_500),
            75..85 => ("GET", "/api/v1/profile".to_owned(), 200, 400),
            85..92 => {
                asked.push(self.field("ware", ware));
                ("POST", "/api/v1/cart/items".to_owned(), 201, 200)
            }
            92..96 => ("GET", format!("/api/v1/orders/{order}/invoice"), 200, 20_000),
            96..98 => ("PATCH", "/api/v1/profile".to_owned(), 200, 100),
            98 => ("GET", format!("/api/v1/wares/{}", 900_000 + dice / 1_024 % 1_000), 404, 80),
            _ => ("POST", "/api/v1/cart/items".to_owned(), 422, 80),
        };
        let client = IpAddr::from(Ipv4Addr::from_bits(0x0b00_0000 + (who / 2) as u32));
        let mut identities = SmallVec::from_iter([self.token(who)]);
        if who.is_multiple_of(2) {
            identities.push(self.names.named(PrincipalKind::User, &format!("user-{who}")));
        }
        ApiCall {
            at: self.now,
            id: CallId(self.calls),
            client,
            peer: SocketAddr::from((client, 4_000)),
            server: SocketAddr::from((Ipv4Addr::new(203, 0, 113, 1), 443)),
            http: HttpVersion::Http11,
            method: method.into(),
            host: "api.example".into(),
            path: path.into(),
            status: Some(status),
            request_bytes: 0,
            response_bytes: bytes,
            duration_us: Some(900 + dice % 400),
            identities,
            complete: true,
            grade: Grade::A,
            ended_at: self.now,
            context: Context { agent: 1 + who % 50, headers: 1 + who % 50, ..Context::default() },
            asked,
            given,
            issued: SmallVec::new(),
            login: None,
            decoys: SmallVec::new(),
            ambiguities: Default::default(),
            details: None,
        }
    }
}

/// What this thread has used of a processor: other work on the machine does not count, only what it takes of the caches.
fn processor_time() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), u32::try_from(spent.tv_nsec).unwrap_or_default())
}

/// What the process holds of the machine's memory; 0 where that is not told.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<usize>().ok());
    kib.unwrap_or(0) << 10
}
