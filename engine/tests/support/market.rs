//! A market: customers who order and search, day by day, and short ways to say what a call sends.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use model::{
    Action, ApiCall, BodyFacts, BodyForm, Charset, Field, HeadSign, Principal, Shape, Sign, Signs,
    TokenAlgorithm, ValueKind,
};

use super::{Build, Dice, Stage, call, token};

pub const DAY: f64 = 86_400.0;

pub fn home(n: u64) -> String {
    format!("198.51.{}.{}", n / 250 + 1, n % 250 + 1)
}

pub fn text(name: &str, value: &str) -> Field {
    Field {
        name: name.into(),
        kind: ValueKind::Text,
        length: u32::try_from(value.len()).unwrap(),
        charset: Charset::of(value.as_bytes()),
        magnitude: 0,
        signs: Signs::default(),
    }
}

pub fn number(name: &str, digits: i16) -> Field {
    Field {
        kind: ValueKind::Int,
        length: u32::from(digits.unsigned_abs()),
        charset: Charset(Charset::DIGIT),
        magnitude: digits,
        ..text(name, "1")
    }
}

pub fn code(name: &str, value: &str, sign: Sign) -> Field {
    Field { signs: sign.into(), ..text(name, value) }
}

/// A shape of so many values in a list, so deep.
pub fn shape(values: u32, depth: u16) -> Shape {
    Shape { keys: 1, depth, values, items: 0, arrays: 1, longest: values, duplicates: 0 }
}

/// Short ways to say what a call sends.
pub trait Send {
    fn sends(self, fields: Vec<Field>) -> Self;
    fn shaped(self, shape: Shape, bytes: u64) -> Self;
    fn asks(self, fields: Vec<Field>) -> Self;
    fn signed(self, algorithm: TokenAlgorithm) -> Self;
    fn shows(self, sign: HeadSign) -> Self;
}

impl Send for ApiCall {
    fn sends(mut self, fields: Vec<Field>) -> Self {
        let body = BodyFacts {
            form: BodyForm::Json,
            bytes: 120,
            shape: Some(shape(u32::try_from(fields.len()).unwrap(), 2)),
            fields: fields.into(),
            ..BodyFacts::default()
        };
        self.details_mut().request = Some(body);
        self
    }

    fn shaped(mut self, shape: Shape, bytes: u64) -> Self {
        let body = self.details_mut().request.as_mut().unwrap();
        (body.shape, body.bytes) = (Some(shape), bytes);
        self
    }

    fn asks(mut self, fields: Vec<Field>) -> Self {
        self.details_mut().query = fields.into();
        self
    }

    fn signed(mut self, algorithm: TokenAlgorithm) -> Self {
        self.context.algorithm = algorithm;
        self
    }

    fn shows(mut self, sign: HeadSign) -> Self {
        self.context.signs.insert(sign);
        self
    }
}

/// Customers who order: an amount, a state, sometimes a note; and search. A day passes with each round.
pub fn market(stage: &mut Stage, users: u64, days: u64) {
    let mut dice = Dice(5);
    for _ in 0..days {
        for n in 0..users {
            for _ in 0..3 {
                stage.play_every(order(n, &mut dice), 0.2);
            }
            let find =
                call("GET", "/api/products", 200).asks(vec![text("q", "blue shoes"), number("page", 1)]);
            stage.play_every(find.by(&customer(n)).from(&home(n)).signed(TokenAlgorithm::Rsa), 0.2);
        }
        stage.wait(DAY - 0.8 * users as f64);
    }
}

pub fn customer(n: u64) -> Principal {
    token(&format!("customer-{n}"))
}

pub fn order(n: u64, dice: &mut Dice) -> ApiCall {
    let state = ["open", "paid", "shipped"][usize::try_from(dice.below(3)).unwrap()];
    let end = usize::try_from(9 + dice.below(37)).unwrap();
    let note = "please ring twice, O'Brien (3rd floor); thanks".get(..end).unwrap();
    let mut fields = vec![number("amount", 1 + i16::try_from(dice.below(4)).unwrap()), text("state", state)];
    if dice.percent(60) {
        fields.push(text("note", note));
    }
    let items = u32::try_from(2 + dice.below(8)).unwrap();
    call("POST", "/api/orders", 201)
        .by(&customer(n))
        .from(&home(n))
        .signed(TokenAlgorithm::Rsa)
        .sends(fields)
        .shaped(shape(items, 3), 90 + u64::from(items) * 20)
}

/// Plays calls until `who` is to suffer `action`; how many it took.
pub fn calls_until(
    stage: &mut Stage,
    who: &Principal,
    action: Action,
    mut next: impl FnMut(u64) -> ApiCall,
) -> u64 {
    for n in 0..60 {
        let call = next(n);
        stage.play_every(call, 30.0);
        if stage.strongest(who) >= Some(action) {
            return n + 1;
        }
    }
    panic!("never: {:#?} {:#?}", stage.verdicts(), stage.findings());
}

pub fn blocks_by(stage: &Stage, detector: &str) -> (String, String) {
    let found = stage.verdicts().into_iter().rfind(|verdict| verdict.detectors[0] == detector).unwrap();
    (found.reason.clone(), found.evidence.expected.clone())
}
