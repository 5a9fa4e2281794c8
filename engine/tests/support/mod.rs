//! A small world of callers: seeds and scripts in, calls in order and their judgements out.
#![allow(dead_code, unreachable_pub, reason = "every test file uses a part of it")]

pub mod market;

use std::{net::IpAddr, time::Duration};

use engine::{Engine, EngineConfig, Judgement};
use model::{
    Action, ApiCall, CallId, Context, FieldId, Finding, Grade, HttpVersion, IdShape, Issued, LoginAttempt,
    Mode, Principal, PrincipalKind, Pseudonyms, Timestamp, Verdict,
};
use smallvec::SmallVec;

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

pub fn names() -> Pseudonyms {
    Pseudonyms::new([9; 16])
}

pub fn token(text: &str) -> Principal {
    names().credential(PrincipalKind::Token, text.as_bytes())
}

pub fn user(name: &str) -> Principal {
    names().named(PrincipalKind::User, name)
}

pub fn address(text: &str) -> Principal {
    names().address(text.parse().expect("literal"))
}

pub fn given(name: &str, id: &str) -> FieldId {
    let shape = if id.bytes().all(|b| b.is_ascii_digit()) { IdShape::Int } else { IdShape::Uuid };
    FieldId { name: name.into(), object: names().object(id.as_bytes()), shape }
}

/// A call under construction.
pub fn call(method: &str, path: &str, status: u16) -> ApiCall {
    let peer = "198.51.100.7:4000".parse().expect("literal");
    ApiCall {
        at: Timestamp::ZERO,
        id: CallId(0),
        client: "198.51.100.7".parse().expect("literal"),
        peer,
        server: "203.0.113.1:80".parse().expect("literal"),
        http: HttpVersion::Http11,
        method: method.into(),
        host: "api.example".into(),
        path: path.into(),
        status: (status != 0).then_some(status),
        request_bytes: 0,
        response_bytes: 100,
        duration_us: Some(900),
        identities: SmallVec::new(),
        complete: true,
        grade: Grade::A,
        ended_at: Timestamp::ZERO,
        context: Context { agent: 1, headers: 2, ..Context::default() },
        asked: SmallVec::new(),
        given: SmallVec::new(),
        issued: SmallVec::new(),
        login: None,
        decoys: SmallVec::new(),
        ambiguities: Default::default(),
        details: None,
    }
}

/// Short ways to finish a call.
pub trait Build {
    fn by(self, who: &Principal) -> Self;
    fn from(self, address: &str) -> Self;
    fn gives(self, fields: Vec<FieldId>) -> Self;
    fn tries(self, name: &str, password: u16) -> Self;
    fn issues(self, credential: &Principal, renews: Option<&Principal>) -> Self;
    fn agent(self, agent: u64) -> Self;
}

impl Build for ApiCall {
    fn by(mut self, who: &Principal) -> Self {
        self.identities.push(who.clone());
        self
    }

    fn from(mut self, address: &str) -> Self {
        self.client = address.parse::<IpAddr>().expect("literal");
        self
    }

    fn gives(mut self, fields: Vec<FieldId>) -> Self {
        self.given = fields.into();
        self
    }

    fn tries(mut self, name: &str, password: u16) -> Self {
        self.login = Some(Box::new(LoginAttempt { user: Some(user(name)), password_tag: password }));
        self
    }

    fn issues(mut self, credential: &Principal, renews: Option<&Principal>) -> Self {
        self.issued.push(Issued { credential: credential.clone(), renews: renews.cloned() });
        self
    }

    fn agent(mut self, agent: u64) -> Self {
        (self.context.agent, self.context.headers) = (agent, agent ^ 77);
        self
    }
}

/// An engine with a clock and everything it said.
pub struct Stage {
    pub engine: Engine,
    pub now: Timestamp,
    pub said: Vec<Judgement>,
    pub seen: u64,
}

impl Stage {
    pub fn new(config: EngineConfig) -> Self {
        Self {
            engine: Engine::new(config, names()),
            now: Timestamp::from_parts(1_770_000_000, 0),
            said: Vec::new(),
            seen: 0,
        }
    }

    /// In enforce mode, so that verdicts show their full action.
    pub fn enforcing() -> Self {
        Self::new(EngineConfig { mode: Mode::Enforce, ..EngineConfig::default() })
    }

    pub fn wait(&mut self, seconds: f64) {
        self.now = self.now.after(Duration::from_secs_f64(seconds));
    }

    /// Plays a call now; a second passes before the next.
    pub fn play(&mut self, call: ApiCall) {
        self.play_every(call, 1.0);
    }

    pub fn play_every(&mut self, mut call: ApiCall, seconds: f64) {
        self.seen += 1;
        call.id = CallId(self.seen);
        call.at = self.now;
        call.ended_at = self.now.after(Duration::from_millis(1));
        self.engine.observe(&call, &mut self.said);
        self.wait(seconds);
    }

    pub fn verdicts(&self) -> Vec<&Verdict> {
        self.said
            .iter()
            .filter_map(|said| if let Judgement::Verdict(verdict) = said { Some(verdict) } else { None })
            .collect()
    }

    pub fn findings(&self) -> Vec<&Finding> {
        self.said
            .iter()
            .filter_map(|said| if let Judgement::Finding(finding) = said { Some(finding) } else { None })
            .collect()
    }

    /// The strongest action asked for against a principal.
    pub fn strongest(&self, who: &Principal) -> Option<Action> {
        self.verdicts().iter().filter(|verdict| verdict.principal == *who).map(|verdict| verdict.would).max()
    }

    /// Nobody was to be limited, stepped up or blocked.
    pub fn assert_quiet(&self) {
        let loud: Vec<_> =
            self.verdicts().into_iter().filter(|verdict| verdict.would > Action::Notify).collect();
        assert!(loud.is_empty(), "{loud:#?}");
    }

    /// A shop of `users` callers: each reads its own orders again and again, and the profile; some mistakes included.
    pub fn shop(&mut self, users: u64, rounds: u64) {
        let mut dice = Dice(7);
        for round in 0..rounds {
            for n in 0..users {
                let who = token(&format!("customer-{n}"));
                let home = format!("198.51.{}.{}", n / 250 + 1, n % 250 + 1);
                let order = n * 10 + dice.below(2);
                let path = format!("/api/orders/{order}");
                self.play_every(call("GET", &path, 200).by(&who).from(&home), 0.2);
                if round % 3 == 0 {
                    self.play_every(call("GET", "/api/profile", 200).by(&who).from(&home), 0.2);
                }
                if dice.percent(2) {
                    self.play_every(call("POST", "/api/orders", 422).by(&who).from(&home), 0.2);
                }
            }
        }
    }
}

/// Calls of every sort: a shop, an enumerator, a prober, a stuffer, moving credentials, decoys, days.
pub fn mixed(seed: u64, count: u64) -> Vec<ApiCall> {
    let mut dice = Dice(seed);
    let mut now = Timestamp::from_parts(1_770_000_000, 0);
    let one = |n: u64| {
        let who = dice.below(40);
        let home = format!("198.51.{}.{}", who % 7, who + 1);
        let own = call("GET", &format!("/api/orders/{}", who * 10 + dice.below(4)), 200);
        let mut made = match dice.below(20) {
            0 => call("GET", &format!("/api/orders/{}", dice.below(400)), 200)
                .by(&token("thief"))
                .from("192.0.2.1"),
            1 => call("GET", &format!("/x/{}y", dice.below(90)), 404).from("192.0.2.2"),
            2 => call("POST", "/login", 401).tries(&format!("u{}", dice.below(40)), 7).from("192.0.2.3"),
            3 => call("POST", "/api/orders", 201)
                .gives(vec![given("id", &format!("{}", 500 + n))])
                .by(&token(&format!("c{who}")))
                .from(&home),
            4 => own.by(&token(&format!("c{who}"))).from("192.0.2.99").agent(50 + who),
            5 => call("POST", "/token", 200)
                .issues(&token(&format!("r{who}")), Some(&token(&format!("c{who}"))))
                .from(&home),
            6 => call("GET", "/api/profile", 200).by(&token(&format!("r{who}"))).from(&home),
            7 => call(
                "GET",
                &format!("/api/things/w{}", dice.below(60)),
                if dice.percent(10) { 503 } else { 200 },
            )
            .by(&token(&format!("c{who}")))
            .from(&home),
            _ => own.by(&token(&format!("c{who}"))).from(&home),
        };
        if dice.below(200) == 0 {
            made.decoys.push("trap".into());
        }
        now = now.after(Duration::from_secs(1 + dice.below(if n.is_multiple_of(50) { 20_000 } else { 60 })));
        (made.id, made.at, made.ended_at) = (CallId(n), now, now);
        made
    };
    (0..count).map(one).collect()
}

/// Plays calls until `who` is to suffer `action`; how many it took, and the verdict.
#[allow(clippy::panic, reason = "tests")]
pub fn calls_until(
    stage: &mut Stage,
    who: &Principal,
    action: Action,
    gap: f64,
    mut next: impl FnMut(u64) -> ApiCall,
) -> (u64, Verdict) {
    for n in 0..200 {
        let call = next(n);
        stage.play_every(call, gap);
        if stage.strongest(who) >= Some(action) {
            let verdicts = stage.verdicts();
            return (
                n + 1,
                (**verdicts.iter().rfind(|verdict| verdict.principal == *who).expect("just seen")).clone(),
            );
        }
    }
    panic!("never: {:#?} {:#?}", stage.verdicts(), stage.findings());
}
