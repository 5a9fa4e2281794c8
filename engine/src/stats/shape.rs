//! Shapes of requests: the fields that normal calls of one route carry in, the oddest thing about another call's out.
//! Never a value: sorts, sizes and characters are all that a call tells.

mod body;

use body::BodyModel;
use compact_str::CompactString;
use model::{Charset, Field, IdShape, Shape, ValueKind};
use serde::{Deserialize, Serialize};

use super::gauge::{Categories, Choices, Gauge, VOTES_MIN};
use crate::hash::mix;

/// Field names kept of one route. Later ones are strangers for ever.
const FIELDS_MAX: usize = 48;
/// Characters told apart: the bits of a charset.
const CHARSETS: u8 = 8;
/// Votes that make a field a practice.
const PRACTICE: u16 = 3;
/// Votes from which a name that nobody sent is strange, and from which so is one that few sent.
const STRANGE_VOTES_MIN: u32 = 5;
const FEW_VOTES_MIN: u32 = 50;

/// What calls of one route look like: 4 to 16 KiB.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FormModel {
    votes: u16,
    /// Votes that brought a new name after the first twenty.
    novel: u16,
    /// Votes in which a name stood twice.
    repeated: u16,
    /// Fields that are nearly always there, by place.
    always: u64,
    fields: Vec<Named>,
    body: BodyModel,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Named {
    name: CompactString,
    present: u16,
    model: FieldModel,
}

/// What the values of one field look like: 80 bytes, some hundred more outside.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FieldModel {
    kinds: Categories<8>,
    size: Gauge,
    /// Values that held each class of characters.
    charset: [u16; CHARSETS as usize],
    looks: Choices,
    styles: Categories<5>,
    plain: Plain,
}

/// What most values of a field have in common: a value within is looked at no further.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Plain {
    kinds: u8,
    charset: u8,
    from: f32,
    to: f32,
}

/// The oddest thing about a call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Oddity<'a> {
    /// Surprise in nats; 0 when nothing is odd.
    pub(crate) score: f32,
    pub(crate) aspect: Aspect,
    /// The field, empty for the whole body.
    pub(crate) field: &'a str,
    /// Its size, where the size is odd.
    pub(crate) seen: f32,
}

/// What may be odd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Aspect {
    #[default]
    Nothing,
    /// A value of another type.
    Kind,
    /// Length of a text or list, digits of a number.
    Size,
    /// Characters that its values never hold.
    Charset,
    /// A look that the few choices of the field do not have.
    Choice,
    /// An id of another form.
    Style,
    /// A field that is always there is not.
    Missing,
    /// A field that nobody sends.
    Unknown,
    /// A name that stands twice.
    Repeated,
    /// Nesting of the body.
    Depth,
    /// Its longest list.
    Longest,
    /// How many values it holds.
    Values,
    /// Its bytes.
    Bytes,
}

impl<'a> Oddity<'a> {
    fn raise(&mut self, score: f32, aspect: Aspect, field: &'a str) {
        self.raise_size(score, aspect, field, 0.0);
    }

    fn raise_size(&mut self, score: f32, aspect: Aspect, field: &'a str, seen: f32) {
        if score > self.score {
            *self = Self { score, aspect, field, seen };
        }
    }
}

impl FormModel {
    /// Whether nothing about a call is worth a closer look: all is as in most votes. True until twenty votes are in.
    pub(crate) fn is_plain(&self, fields: &[Field], body: Option<(&Shape, u64)>) -> bool {
        if u32::from(self.votes) < VOTES_MIN {
            return true;
        }
        let (mut seen, mut from) = (0_u64, 0);
        for field in fields {
            let Some(at) = self.place(&field.name, from) else { return false };
            if seen & 1 << at != 0 || !self.fields[at].model.plain.holds(field) {
                return false;
            }
            (seen, from) = (seen | 1 << at, at + 1);
        }
        self.always & !seen == 0 && body.is_none_or(|(shape, bytes)| self.body.is_plain(shape, bytes))
    }

    /// How seldom a field holds a value like this one, by its type and its classes of characters; `None` when the field is
    /// not known yet, and at most one in five votes makes it odd.
    pub(crate) fn holds_rarely(&self, field: &Field) -> Option<f32> {
        let model = &self.fields[self.place(&field.name, 0)?].model;
        let votes = model.kinds.votes();
        let of_kind = model.kinds.each().nth(field.kind as usize).unwrap_or(0);
        let rarest =
            classes(field.charset).map(|class| u32::from(model.charset[class])).min().unwrap_or(votes);
        (votes >= VOTES_MIN).then(|| (of_kind.min(rarest) as f32 + 0.2) / (votes as f32 + 1.0))
    }

    /// Fields that nobody sends, or so few that they are no practice, once enough is known to say so.
    pub(crate) fn strangers<'a>(&self, fields: &'a [Field]) -> impl Iterator<Item = &'a Field> {
        let known = u32::from(self.votes) >= STRANGE_VOTES_MIN && self.fields.len() < FIELDS_MAX;
        fields.iter().filter(move |field| known && self.is_strange(&field.name))
    }

    fn is_strange(&self, name: &str) -> bool {
        let practice = if u32::from(self.votes) < FEW_VOTES_MIN { 1 } else { PRACTICE };
        self.place(name, 0).is_none_or(|at| self.fields[at].present < practice)
    }

    /// The size under which 99 of 100 votes stay, or the share of votes that do as most do, in percent.
    pub(crate) fn usual(&self, oddity: &Oddity<'_>) -> f32 {
        let most = |gauge: &Gauge| gauge.quantile(0.99).exp2() - 1.0;
        let share = |times: u16| 100.0 * f32::from(times) / f32::from(self.votes).max(1.0);
        let field = self.place(oddity.field, 0).map(|at| &self.fields[at]);
        match (oddity.aspect, field) {
            (Aspect::Size, Some(field)) => most(&field.model.size),
            (Aspect::Depth, _) => most(&self.body.depth),
            (Aspect::Longest, _) => most(&self.body.longest),
            (Aspect::Values, _) => most(&self.body.values),
            (Aspect::Bytes, _) => most(&self.body.bytes),
            (Aspect::Unknown, _) => share(self.novel),
            (Aspect::Repeated, _) => share(self.repeated),
            (Aspect::Missing, Some(field)) => share(field.present),
            _ => 0.0,
        }
    }

    /// Judges a call's fields and body. Empty until twenty votes are in.
    pub(crate) fn judge<'a>(&'a self, fields: &'a [Field], body: Option<(&Shape, u64)>) -> Oddity<'a> {
        let mut oddity = Oddity::default();
        if u32::from(self.votes) < VOTES_MIN {
            return oddity;
        }
        let (mut seen, mut from) = (0_u64, 0);
        for field in fields {
            let Some(at) = self.place(&field.name, from) else {
                oddity.raise(self.ln_rare(self.novel), Aspect::Unknown, &field.name);
                continue;
            };
            if seen & 1 << at != 0 {
                oddity.raise(self.ln_rare(self.repeated), Aspect::Repeated, &field.name);
            }
            (seen, from) = (seen | 1 << at, at + 1);
            self.fields[at].model.judge(field, &mut oddity);
        }
        for (at, named) in self.fields.iter().enumerate() {
            if seen & 1 << at == 0 {
                let absent = self.votes.saturating_sub(named.present);
                oddity.raise(self.ln_rare(absent), Aspect::Missing, &named.name);
            }
        }
        if let Some((shape, bytes)) = body {
            if shape.duplicates > 0 {
                oddity.raise(self.ln_rare(self.repeated), Aspect::Repeated, "");
            }
            self.body.judge(shape, bytes, &mut oddity);
        }
        oddity
    }

    /// Takes one vote: a call of an unflagged principal, one per principal and day.
    pub(crate) fn learn(&mut self, fields: &[Field], body: Option<(&Shape, u64)>) {
        let (mut seen, mut from, mut new) = (0_u64, 0, false);
        let mut twice = body.is_some_and(|(shape, _)| shape.duplicates > 0);
        for field in fields {
            let at = match self.place(&field.name, from) {
                Some(at) => at,
                None if self.fields.len() < FIELDS_MAX => {
                    new = true;
                    let name = field.name.clone();
                    self.fields.push(Named { name, present: 0, model: FieldModel::default() });
                    self.fields.len() - 1
                }
                None => {
                    new = true;
                    continue;
                }
            };
            from = at + 1;
            let named = &mut self.fields[at];
            if seen & 1 << at == 0 {
                named.present = named.present.saturating_add(1);
            }
            twice |= seen & 1 << at != 0;
            seen |= 1 << at;
            named.model.learn(field);
        }
        if let Some((shape, bytes)) = body {
            self.body.learn(shape, bytes);
        }
        self.novel += u16::from(new && u32::from(self.votes) >= VOTES_MIN);
        self.repeated += u16::from(twice);
        self.votes += 1;
        if self.votes == u16::MAX {
            (self.votes, self.novel, self.repeated) = (self.votes / 2, self.novel / 2, self.repeated / 2);
            self.fields.iter_mut().for_each(|named| named.present /= 2);
        }
        if u32::from(self.votes).is_multiple_of(VOTES_MIN) {
            self.settle();
        }
    }

    /// Finds what most votes have in common.
    fn settle(&mut self) {
        let votes = u32::from(self.votes);
        let constant = |named: &Named| u32::from(named.present) * 50 >= votes * 49;
        let places = self.fields.iter().enumerate().filter(|(_, named)| constant(named));
        self.always = places.fold(0, |set, (at, _)| set | 1 << at);
        self.fields.iter_mut().for_each(|named| named.model.settle());
        self.body.settle();
    }

    /// Takes the form of an id found in a field; with the vote of its call.
    pub(crate) fn learn_style(&mut self, name: &str, style: IdShape) {
        if let Some(at) = self.place(name, 0) {
            self.fields[at].model.styles.learn(style as usize);
        }
    }

    /// Judges the form of an id found in a field.
    pub(crate) fn judge_style<'a>(&self, name: &'a str, style: IdShape) -> Oddity<'a> {
        let score =
            self.place(name, 0).map_or(0.0, |at| self.fields[at].model.styles.surprise(style as usize));
        Oddity { score, aspect: Aspect::Style, field: name, seen: 0.0 }
    }

    /// Where a name stands. Calls name their fields in the same order, so the search begins after the last one found.
    fn place(&self, name: &str, from: usize) -> Option<usize> {
        let (before, after) = self.fields.split_at(from.min(self.fields.len()));
        let after_at = after.iter().position(|named| named.name == name).map(|at| at + before.len());
        after_at.or_else(|| before.iter().position(|named| named.name == name))
    }

    /// Surprise of what `times` of all votes did.
    fn ln_rare(&self, times: u16) -> f32 {
        -((f32::from(times) + 0.5) / (f32::from(self.votes) + 1.0)).ln()
    }

    /// Votes taken.
    pub(crate) fn votes(&self) -> u16 {
        self.votes
    }
}

impl FieldModel {
    fn judge<'a>(&self, field: &'a Field, oddity: &mut Oddity<'a>) {
        let name = field.name.as_str();
        let votes = self.kinds.votes();
        if votes < VOTES_MIN {
            return;
        }
        oddity.raise(self.kinds.surprise(field.kind as usize), Aspect::Kind, name);
        oddity.raise_size(self.size.surprise(size(field)), Aspect::Size, name, size(field));
        let rarest = classes(field.charset).map(|class| self.charset[class]).min().unwrap_or(u16::MAX);
        let rare = (f32::from(rarest) + 0.5) / (votes as f32 + 1.0);
        oddity.raise(-rare.ln(), Aspect::Charset, name);
        // Last: a strange character makes a strange look, but says more.
        oddity.raise(self.looks.surprise(look(field)), Aspect::Choice, name);
    }

    /// Finds what most values have in common: at least one in fifty shows each part of it.
    fn settle(&mut self) {
        let votes = self.kinds.votes();
        let often = |times: u32| times * 50 >= votes;
        let set = |bits: &mut dyn Iterator<Item = u32>| {
            bits.enumerate().filter(|(_, times)| often(*times)).fold(0_u8, |set, (bit, _)| set | 1 << bit)
        };
        self.plain = Plain {
            kinds: set(&mut self.kinds.each()),
            charset: set(&mut self.charset.iter().map(|times| u32::from(*times))),
            from: (self.size.quantile(0.01) - 0.3).exp2() - 1.0,
            to: (self.size.quantile(0.99) + 0.3).exp2() - 1.0,
        };
    }

    fn learn(&mut self, field: &Field) {
        self.kinds.learn(field.kind as usize);
        self.size.learn(size(field));
        self.looks.learn(look(field));
        for class in classes(field.charset) {
            self.charset[class] = self.charset[class].saturating_add(1);
        }
    }
}

impl Plain {
    fn holds(&self, field: &Field) -> bool {
        let size = size(field);
        self.kinds & 1 << field.kind as u8 != 0
            && field.charset.0 & !self.charset == 0
            && size >= self.from
            && size <= self.to
    }
}

/// Size of a value: of a number its magnitude, of all else its length.
fn size(field: &Field) -> f32 {
    match field.kind {
        ValueKind::Int | ValueKind::Float => 10_f32.powi(i32::from(field.magnitude).clamp(-1, 30)),
        _ => field.length as f32,
    }
}

/// What a value looks like, as a hash; few-valued fields have few looks.
fn look(field: &Field) -> u32 {
    let sort = u64::from(field.charset.0) << 8 | field.kind as u64;
    let extent = u64::from(field.length) << 16 | u64::from(field.magnitude.cast_unsigned());
    (mix(sort, extent) >> 32) as u32
}

fn classes(charset: Charset) -> impl Iterator<Item = usize> {
    (0..CHARSETS).filter(move |class| charset.0 & 1 << class != 0).map(usize::from)
}

#[cfg(test)]
mod tests {
    use model::Signs;

    use super::{super::draws::Draws, *};

    fn text(name: &str, value: &str) -> Field {
        let (kind, length) = (ValueKind::Text, value.len() as u32);
        Field {
            name: name.into(),
            kind,
            length,
            charset: Charset::of(value.as_bytes()),
            magnitude: 0,
            signs: Signs::default(),
        }
    }

    fn number(name: &str, digits: i16) -> Field {
        let (kind, charset) = (ValueKind::Int, Charset(Charset::DIGIT));
        Field {
            name: name.into(),
            kind,
            length: digits.unsigned_abs().into(),
            charset,
            magnitude: digits,
            signs: Signs::default(),
        }
    }

    fn order(draws: &mut Draws) -> Vec<Field> {
        let state = ["open", "paid", "shipped"][draws.below(3) as usize];
        let note = "lorem ipsum dolor sit amet, consetetur sadipscing";
        let end = 5 + draws.below(40) as usize;
        let mut fields = vec![text("state", state), number("amount", 1 + draws.below(4) as i16)];
        if draws.below(2) == 0 {
            fields.push(text("note", note.get(..end).unwrap_or(note)));
        }
        fields
    }

    const SHAPE: Shape =
        Shape { keys: 1, depth: 2, values: 6, items: 0, arrays: 1, longest: 3, duplicates: 0 };

    fn taught() -> (FormModel, Draws) {
        let (mut form, mut draws) = (FormModel::default(), Draws(3));
        (0..400).for_each(|_| form.learn(&order(&mut draws), Some((&SHAPE, 120))));
        (form, draws)
    }

    #[test]
    fn the_usual_is_not_odd() {
        let (form, mut draws) = taught();
        let odd =
            (0..2_000).filter(|_| form.judge(&order(&mut draws), Some((&SHAPE, 130))).score > 6.9).count();
        assert!(odd < 10, "{odd} of 2 000 are rarer than one in a thousand");
    }

    #[test]
    fn each_oddity_has_its_name() {
        let (form, _) = taught();
        let normal = || vec![text("state", "open"), number("amount", 3)];
        let with = |change: fn(&mut Vec<Field>)| {
            let mut fields = normal();
            change(&mut fields);
            let oddity = form.judge(&fields, None);
            (oddity.aspect, oddity.score > 5.5)
        };
        assert_eq!(with(|fields| fields[0] = text("state", "open' OR '1'='1")), (Aspect::Size, true));
        assert_eq!(with(|fields| fields[0] = text("state", "op'n")), (Aspect::Charset, true));
        assert_eq!(with(|fields| fields[0] = text("state", "closed")), (Aspect::Choice, true));
        assert_eq!(with(|fields| fields[1] = text("amount", "5")), (Aspect::Kind, true));
        assert_eq!(with(|fields| fields[1] = number("amount", 12)), (Aspect::Size, true));
        assert_eq!(with(|fields| fields.push(text("role", "admin"))), (Aspect::Unknown, true));
        assert_eq!(with(|fields| _ = fields.remove(0)), (Aspect::Missing, true));
        let bomb = Shape { depth: 500, ..SHAPE };
        assert_eq!(form.judge(&normal(), Some((&bomb, 120))).aspect, Aspect::Depth);
        let huge = Shape { longest: 20_000, values: 40_000, ..SHAPE };
        let fields = normal();
        let oddity = form.judge(&fields, Some((&huge, 900_000)));
        assert!(oddity.score > 20.7, "{oddity:?}: one in a thousand million");
    }

    #[test]
    fn ids_have_a_form() {
        let (mut form, _) = taught();
        (0..100).for_each(|_| form.learn_style("state", IdShape::Int));
        assert!(form.judge_style("state", IdShape::Int).score < 0.1);
        assert!(form.judge_style("state", IdShape::Uuid).score > 5.0);
    }

    #[test]
    fn a_flood_of_names_is_bounded_and_teaches_that_names_vary() {
        let (mut form, mut draws) = taught();
        for _ in 0..2_000 {
            form.learn(&[text(&format!("x{}", draws.word()), "1")], None);
        }
        assert!(form.fields.len() <= FIELDS_MAX);
        assert!(form.judge(&[text("more", "1")], None).score < 2.0);
        let text = serde_json::to_string(&form).expect("serialises");
        let restored: FormModel = serde_json::from_str(&text).expect("reads back");
        assert_eq!(serde_json::to_string(&restored).expect("serialises"), text);
    }
}
