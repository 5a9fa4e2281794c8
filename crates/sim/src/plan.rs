//! Plans: nodes of the tables in, the same with everything that does not change from call to call worked out. Made once.

use compact_str::CompactString;
use model::{Charset, Field, KeyPaths, Operation, Pseudonyms, ValueKind};

use crate::{
    rng::mix,
    world::{KindId, Make, Node},
};

/// The form of a body: an object, or a list of records in an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) members: Vec<Member>,
    /// Operations that it asks for.
    pub(crate) operations: Vec<Operation>,
}

/// A name and what stands under it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: CompactString,
    /// As the sensor tells it: names joined by dots. Its value is filled in per call.
    pub(crate) field: Field,
    /// Names above it, with its own.
    pub(crate) depth: u8,
    /// What it adds to the set of key paths.
    pub(crate) share: u64,
    /// What an id under this name is of; `None` for names that promise none.
    pub(crate) id_name: Option<CompactString>,
    pub(crate) sort: Sort,
    pub(crate) percent: u8,
    /// Tells its values from those of its neighbours.
    pub(crate) salt: u64,
}

/// What stands under a name.
#[derive(Clone, Debug)]
pub(crate) enum Sort {
    Scalar(Make),
    Literal(CompactString, Charset),
    /// The object that the call is about.
    Target,
    Object(Vec<Member>),
    List(u8, u8, Vec<Member>),
    Words(u8, u8),
    /// The records of an answer.
    Records(KindId, Vec<Member>),
}

/// A value without its text: what a field tells of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    pub(crate) kind: ValueKind,
    pub(crate) length: u32,
    pub(crate) charset: u8,
    pub(crate) magnitude: i16,
    /// Whether quotes stand around it in JSON.
    pub(crate) is_quoted: bool,
}

impl Value {
    pub(crate) const fn text(length: u32, charset: u8) -> Self {
        Self { kind: ValueKind::Text, length, charset, magnitude: 0, is_quoted: true }
    }

    const fn number(kind: ValueKind, length: u32, charset: u8, digits: i16) -> Self {
        Self { kind, length, charset, magnitude: digits, is_quoted: false }
    }

    /// Whole digits.
    pub(crate) const fn digits(length: u32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "at most 20 digits")]
        Self::number(ValueKind::Int, length, Charset::DIGIT, length as i16)
    }
}

/// A length from `least` to `most` by a hash.
fn length(least: u32, most: u32, hash: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is small")]
    let over = (hash % u64::from(most.saturating_sub(least) + 1)) as u32;
    least + over
}

/// What a scalar will look like; its text is made of the same hash. `None` for what only the caller knows.
pub(crate) fn value(make: &Make, hash: u64) -> Option<Value> {
    const WORDS: u8 = Charset::LOWER | Charset::UPPER | Charset::SPACE;
    Some(match *make {
        Make::Int(least, most) => Value::digits(length(u32::from(least), u32::from(most), hash)),
        Make::Money => {
            let digits = length(1, 4, hash);
            let whole = i16::try_from(digits).unwrap_or(1);
            Value::number(ValueKind::Float, digits + 3, Charset::DIGIT | Charset::JOIN, whole)
        }
        Make::Bool => Value::number(ValueKind::Bool, if hash & 1 == 0 { 4 } else { 5 }, Charset::LOWER, 0),
        Make::Word(least, most) => {
            Value::text(length(u32::from(least), u32::from(most), hash), Charset::LOWER)
        }
        Make::Upper(least, most) => {
            Value::text(length(u32::from(least), u32::from(most), hash), Charset::UPPER)
        }
        Make::Text(least, most) => Value::text(length(u32::from(least), u32::from(most), hash), WORDS),
        Make::Date => Value::text(20, Charset::DIGIT | Charset::UPPER | Charset::JOIN | Charset::MARK),
        Make::Email => Value::text(length(9, 24, hash) + 13, Charset::LOWER | Charset::JOIN | Charset::MARK),
        Make::Phone => Value::text(length(12, 14, hash), Charset::DIGIT | Charset::MARK),
        Make::Card => Value::text(16, Charset::DIGIT),
        Make::Iban => Value::text(22, Charset::DIGIT | Charset::UPPER),
        Make::Password => Value::text(length(9, 18, hash), Charset::DIGIT | Charset::LOWER | Charset::UPPER),
        _ => return None,
    })
}

/// Makes plans under one deployment's key.
pub(crate) struct Planner {
    keys: KeyPaths,
}

/// Names of containers that say nothing of what they hold.
const GENERIC: [&str; 22] = [
    "items",
    "data",
    "results",
    "result",
    "content",
    "records",
    "rows",
    "list",
    "edges",
    "node",
    "nodes",
    "value",
    "values",
    "_embedded",
    "embedded",
    "hits",
    "entries",
    "payload",
    "response",
    "body",
    "objects",
    "collection",
];

/// What an id under this name is of, as the sensor has it.
pub(crate) fn id_name(name: &str, holder: &str) -> Option<CompactString> {
    if matches!(name, "id" | "uuid") {
        let is_generic = holder.is_empty() || GENERIC.contains(&holder);
        return Some(if is_generic { "id" } else { holder }.into());
    }
    ["_id", "Id"].iter().any(|end| name.ends_with(end)).then(|| name.into())
}

/// Where a member stands.
struct Above<'a> {
    path: u64,
    full: &'a str,
    holder: &'a str,
    depth: u8,
}

impl Planner {
    pub(crate) fn new(names: &Pseudonyms) -> Self {
        Self { keys: KeyPaths::new(names) }
    }

    fn root(&self) -> Above<'static> {
        Above { path: self.keys.root(), full: "", holder: "", depth: 0 }
    }

    /// A request's body, or parameters of a query.
    pub(crate) fn request(&self, nodes: &[Node]) -> Plan {
        let mut plan = Plan { members: self.members(nodes, &self.root()), operations: Vec::new() };
        let document = nodes.iter().find_map(|node| match &node.make {
            Make::Document(document) => Some(document),
            _ => None,
        });
        if let Some(document) = document {
            plan.operations.push(document.operation.clone());
            let variables = self.member("variables", &self.root(), 100, |above| {
                Sort::Object(vec![self.member("id", above, 100, |_| Sort::Target)])
            });
            plan.members.push(variables);
        }
        plan
    }

    /// One record.
    pub(crate) fn record(&self, nodes: &[Node]) -> Plan {
        Plan { members: self.members(nodes, &self.root()), operations: Vec::new() }
    }

    /// A page of records.
    pub(crate) fn page(&self, kind: KindId, plural: &str, nodes: &[Node], data: bool) -> Plan {
        let list = |above: &Above<'_>| {
            self.member(plural, above, 100, |above| Sort::Records(kind, self.members(nodes, above)))
        };
        let members = if data {
            vec![self.member("data", &self.root(), 100, |above| Sort::Object(vec![list(above)]))]
        } else {
            let total = Node { name: "total".into(), make: Make::Int(1, 3), percent: 100 };
            vec![list(&self.root()), self.of_node(&total, &self.root())]
        };
        Plan { members, operations: Vec::new() }
    }

    fn members(&self, nodes: &[Node], above: &Above<'_>) -> Vec<Member> {
        nodes.iter().map(|node| self.of_node(node, above)).collect()
    }

    fn of_node(&self, node: &Node, above: &Above<'_>) -> Member {
        let literal = |text: &CompactString| Sort::Literal(text.clone(), Charset::of(text.as_bytes()));
        let percent = if matches!(node.make, Make::Document(_)) { 100 } else { node.percent };
        self.member(&node.name, above, percent, |above| match &node.make {
            Make::List(least, most, nodes) => Sort::List(*least, *most, self.members(nodes, above)),
            Make::Words(least, most) => Sort::Words(*least, *most),
            Make::Document(document) if node.percent == 0 => literal(&document.operation.name),
            Make::Document(document) => literal(&document.text),
            make => Sort::Scalar(make.clone()),
        })
    }

    fn member(
        &self,
        name: &str,
        above: &Above<'_>,
        percent: u8,
        sort: impl FnOnce(&Above<'_>) -> Sort,
    ) -> Member {
        let path = KeyPaths::member(above.path, name.as_bytes());
        let mut full = CompactString::from(above.full);
        if !full.is_empty() {
            full.push('.');
        }
        full.push_str(name);
        let depth = above.depth + 1;
        let sort = sort(&Above { path, full: &full, holder: name, depth });
        Member {
            name: name.into(),
            depth,
            share: self.keys.share(path),
            id_name: id_name(name, above.holder),
            sort,
            percent,
            salt: mix(path, 1),
            field: Field {
                name: full,
                kind: ValueKind::Null,
                length: 0,
                charset: Charset::default(),
                magnitude: 0,
                signs: Default::default(),
            },
        }
    }
}
