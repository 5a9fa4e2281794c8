//! Makers: a plan and what its values depend on in, the body out. Text and facts come of the same walk.

use compact_str::CompactString;
use model::{Charset, FieldId, ObjectKey, Pseudonyms, SensitiveClass, Signs, ValueKind};

use super::{ASKED_MAX, GIVEN_MAX, Made, READ_MAX, Role, Twist, twist};
use crate::{
    objects::{Object, Objects},
    plan::{self, Member, Plan, Sort, Value},
    rng::{mix, zipf},
    text,
    world::{IdStyle, KindId, Make, ORG, Scope, USER},
};

/// What the values of one body depend on.
#[derive(Clone, Copy)]
pub(crate) struct Fill<'a> {
    pub(crate) hash: u64,
    /// The object that the body tells of or asks for.
    pub(crate) target: Option<Object>,
    /// The records of a list.
    pub(crate) records: &'a [Object],
    /// The user whose objects are named, if the target's owner does not say.
    pub(crate) owner: u32,
    /// The organisation whose objects are named.
    pub(crate) org: u32,
    pub(crate) login: &'a str,
    pub(crate) password: &'a str,
    /// The credential shown to be renewed, and those handed out.
    pub(crate) shown: &'a str,
    pub(crate) access: &'a str,
    pub(crate) refresh: &'a str,
    pub(crate) twist: Twist,
}

/// Makes bodies.
pub(crate) struct Maker<'a> {
    pub(crate) objects: &'a mut Objects,
    pub(crate) names: &'a Pseudonyms,
    pub(crate) users: u32,
    pub(crate) orgs: u32,
}

/// The record in hand.
#[derive(Clone, Copy)]
pub(super) struct Record {
    object: Option<Object>,
    owner: u32,
    org: u32,
    hash: u64,
    pub(super) is_first: bool,
}

impl Maker<'_> {
    /// Makes a body by its plan.
    pub(crate) fn make(&mut self, plan: &Plan, fill: &Fill<'_>, made: &mut Made) {
        made.twist = fill.twist;
        let owner = fill.target.and_then(|target| self.user_of(target)).unwrap_or(fill.owner);
        let org = fill.target.and_then(|target| self.org_of(target)).unwrap_or(fill.org);
        let record = Record { object: fill.target, owner, org, hash: fill.hash, is_first: true };
        let is_seen = made.open(b"{");
        let written = self.members(&plan.members, record, fill, made);
        twist::members(self.names, written, made);
        made.close_object(is_seen);
    }

    /// Makes the parameters of a query.
    pub(crate) fn query(&mut self, plan: &Plan, fill: &Fill<'_>, made: &mut Made) {
        made.twist = fill.twist;
        let record =
            Record { object: fill.target, owner: fill.owner, org: fill.org, hash: 0, is_first: true };
        for member in &plan.members {
            let hash = mix(fill.hash, member.salt);
            let Sort::Scalar(make) = &member.sort else { continue };
            if member.percent < 100 && hash % 100 >= u64::from(member.percent) {
                continue;
            }
            let mut text = Vec::new();
            if let Make::Ref(kind) = make {
                let object = self.reference(*kind, Record { hash, ..record });
                let mut id = CompactString::default();
                self.objects.write(object, &mut id);
                let value = match self.objects.style(object.kind) {
                    IdStyle::Sequential | IdStyle::Sparse => Value::digits(self.objects.text_len(object)),
                    _ => Value::text(self.objects.text_len(object), Charset::of(id.as_bytes()).0),
                };
                made.pair(member, (value, Signs::default()), id.as_bytes());
                self.take_id(member, object, made);
            } else if let Some(told) = twist::parameter(make, made, &mut text) {
                made.pair(member, told, &text);
            } else if let Some(value) = plan::value(make, hash) {
                if made.text.is_some() {
                    text::write(make, &value, hash, &mut text);
                }
                made.pair(member, (value, Signs::default()), &text);
            }
        }
    }

    /// The user to whom an object belongs.
    fn user_of(&self, object: Object) -> Option<u32> {
        let owner = self.objects.owner(object.kind, object.place?)?;
        matches!(self.objects.scope(object.kind), Scope::Private | Scope::Shared).then_some(owner)
    }

    /// The organisation to which an object belongs.
    fn org_of(&self, object: Object) -> Option<u32> {
        let owner = self.objects.owner(object.kind, object.place?)?;
        (self.objects.scope(object.kind) == Scope::Org).then_some(owner)
    }

    /// Number of members written.
    fn members(&mut self, members: &[Member], record: Record, fill: &Fill<'_>, made: &mut Made) -> u32 {
        let mut written = 0;
        for member in members {
            let hash = mix(record.hash, member.salt);
            if member.percent < 100 && hash % 100 >= u64::from(member.percent) && made.role == Role::Request {
                continue;
            }
            if written > 0 {
                made.mark(b',');
            }
            written += 1;
            let field = made.begin(member, record);
            made.name(&member.name);
            self.member(member, field, Record { hash, ..record }, fill, made);
        }
        written
    }

    fn member(
        &mut self,
        member: &Member,
        field: Option<usize>,
        record: Record,
        fill: &Fill<'_>,
        made: &mut Made,
    ) {
        match &member.sort {
            Sort::Scalar(make) => self.scalar(member, make, field, record, fill, made),
            Sort::Literal(text, charset) => {
                let length = u32::try_from(text.len()).unwrap_or(0);
                let value = Value::text(length, charset.0);
                made.scalar(field, value, |out| out.extend_from_slice(text.as_bytes()));
            }
            Sort::Target => self.id(member, field, record.object, made),
            Sort::Object(members) => {
                let is_seen = made.open(b"{");
                made.tell_items(field, ValueKind::Object, 0);
                let written = self.members(members, record, fill, made);
                made.tell_items(field, ValueKind::Object, written);
                made.close_object(is_seen);
            }
            Sort::Words(least, most) => {
                let n = between(u32::from(*least), u32::from(*most), record.hash);
                let word = Make::Word(4, 11);
                Self::list(n, field, made, |at, made| {
                    let hash = mix(record.hash, u64::from(at));
                    if let Some(value) = plan::value(&word, hash) {
                        made.scalar(None, value, |out| text::write(&word, &value, hash, out));
                    }
                });
            }
            Sort::List(least, most, members) => {
                let mut n = between(u32::from(*least), u32::from(*most), record.hash);
                if let Twist::Many(many) = made.twist {
                    (n, made.twist) = (many, Twist::None);
                }
                Self::list(n, field, made, |at, made| {
                    let is_first = record.is_first && at == 0;
                    let hash = mix(record.hash, u64::from(at));
                    let is_seen = made.open(b"{");
                    self.members(members, Record { hash, is_first, ..record }, fill, made);
                    made.close_object(is_seen);
                });
            }
            Sort::Records(kind, members) => {
                let n = u32::try_from(fill.records.len()).unwrap_or(0);
                Self::list(n, field, made, |at, made| {
                    let object = fill.records.get(at as usize).copied();
                    let owner = object.and_then(|object| self.user_of(object)).unwrap_or(record.owner);
                    let org = object.and_then(|object| self.org_of(object)).unwrap_or(record.org);
                    let place = object.and_then(|object| object.place).unwrap_or(0);
                    let hash = mix(u64::from(place), u64::from(*kind) ^ 0x7265_636f);
                    let is_seen = made.open(b"{");
                    self.members(
                        members,
                        Record { object, owner, org, hash, is_first: record.is_first && at == 0 },
                        fill,
                        made,
                    );
                    made.close_object(is_seen);
                });
            }
        }
    }

    /// A list of `n`, each written by `one`.
    fn list(n: u32, field: Option<usize>, made: &mut Made, mut one: impl FnMut(u32, &mut Made)) {
        let is_seen = made.open(b"[");
        made.tell_items(field, ValueKind::List, 0);
        let mut items = 0;
        for at in 0..n {
            if at > 0 {
                made.mark(b',');
            }
            items += u32::from(made.is_read());
            one(at, made);
        }
        made.tell_items(field, ValueKind::List, items);
        made.close_list(items, is_seen);
    }

    fn scalar(
        &mut self,
        member: &Member,
        make: &Make,
        field: Option<usize>,
        record: Record,
        fill: &Fill<'_>,
        made: &mut Made,
    ) {
        let given = match make {
            Make::Own => return self.id(member, field, record.object, made),
            Make::Ref(kind) => {
                let object = self.reference(*kind, record);
                return self.id(member, field, Some(object), made);
            }
            Make::Name => fill.login,
            Make::Password if !fill.password.is_empty() => fill.password,
            Make::Refresh => fill.shown,
            Make::Access => fill.access,
            Make::NewRefresh => fill.refresh,
            _ => "",
        };
        if !given.is_empty() {
            let value = Value::text(u32::try_from(given.len()).unwrap_or(0), Charset::of(given.as_bytes()).0);
            let class = if given.starts_with("eyJ") { Some(SensitiveClass::Jwt) } else { make.sensitive() };
            made.sense(class);
            return made.scalar(field, value, |out| out.extend_from_slice(given.as_bytes()));
        }
        if made.role == Role::Request && twist::scalar(make, field, made) {
            return;
        }
        if let Some(value) = plan::value(make, record.hash) {
            if made.is_read() {
                made.sense(make.sensitive());
            }
            made.scalar(field, value, |out| text::write(make, &value, record.hash, out));
        }
    }

    /// The object that a record refers to.
    fn reference(&self, kind: KindId, record: Record) -> Object {
        let n = self.objects.len(kind).max(1);
        let some = u32::try_from(record.hash % u64::from(n)).unwrap_or(0);
        let place = match (kind, self.objects.scope(kind)) {
            (USER, _) => Some(record.owner.min(self.users.saturating_sub(1))),
            (ORG, _) => Some(record.org % self.orgs.max(1)),
            (_, Scope::Public) => {
                #[expect(clippy::cast_precision_loss, reason = "any quantile will do")]
                let quantile = (record.hash >> 11) as f64 / (1_u64 << 53) as f64;
                Some(zipf(quantile, n))
            }
            (_, Scope::Org) => self.objects.recent(kind, record.org % self.orgs.max(1), some % 16),
            (_, Scope::Private | Scope::Shared) => self.objects.recent(kind, record.owner, some % 4),
        };
        place.map_or(Object::missing(kind, 1_000_000 + record.hash % 9_000_000), |place| {
            Object::at(kind, place)
        })
    }

    fn id(&mut self, member: &Member, field: Option<usize>, object: Option<Object>, made: &mut Made) {
        let object = object.unwrap_or(Object::missing(USER, 1_000_000));
        let length = self.objects.text_len(object);
        let value = match self.objects.style(object.kind) {
            IdStyle::Sequential | IdStyle::Sparse => Value::digits(length),
            IdStyle::Composite => Value::text(length, Charset::UPPER | Charset::DIGIT | Charset::JOIN),
            // Its letters matter only where they are told of.
            IdStyle::Uuid if field.is_none() => Value::text(length, 0),
            IdStyle::Uuid => {
                let mut text = CompactString::default();
                self.objects.write(object, &mut text);
                Value::text(length, Charset::of(text.as_bytes()).0)
            }
        };
        made.scalar(field, value, |out| {
            let mut text = CompactString::default();
            self.objects.write(object, &mut text);
            out.extend_from_slice(text.as_bytes());
        });
        self.take_id(member, object, made);
    }

    /// Takes an id whose name promises one.
    fn take_id(&mut self, member: &Member, object: Object, made: &mut Made) {
        let room = if made.role == Role::Request { ASKED_MAX } else { GIVEN_MAX };
        let Some(name) = member.id_name.as_ref().filter(|_| made.ids.len() < room && made.bytes <= READ_MAX)
        else {
            return;
        };
        let key: ObjectKey = self.objects.key(object, self.names);
        let shape = self.objects.shape(object.kind);
        // What comes twice mostly comes soon again.
        if !made
            .ids
            .iter()
            .rev()
            .any(|known| known.object == key && known.name == *name && known.shape == shape)
        {
            made.ids.push(FieldId { name: name.clone(), object: key, shape });
        }
    }
}

fn between(least: u32, most: u32, hash: u64) -> u32 {
    least + u32::try_from((hash >> 7) % u64::from(most.saturating_sub(least) + 1)).unwrap_or(0)
}
