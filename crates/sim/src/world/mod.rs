//! Worlds: a business's tables in; routes, kinds of objects and habits out. Knows nobody in it.

mod bank;
mod parse;
mod shop;
mod suite;

use compact_str::CompactString;
use model::SensitiveClass;

use crate::{WorldName, rng::Rng};

/// Place of a kind of objects in [`World::kinds`].
pub(crate) type KindId = u8;
/// Place of a route in [`World::routes`].
pub(crate) type RouteId = u16;

/// The kind that stands for people: its objects' numbers are those of the users.
pub(crate) const USER: KindId = 0;
/// The kind that stands for organisations.
pub(crate) const ORG: KindId = 1;

/// A business.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) host: CompactString,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) routes: Vec<Route>,
    pub(crate) flows: Vec<Flow>,
    /// Flows of each habit.
    pub(crate) habits: Vec<(CompactString, Vec<u16>)>,
    /// How its own apps, its pages and its partners show who they are.
    pub(crate) app: Login,
    pub(crate) page: Login,
    pub(crate) partner: Login,
}

/// How a client shows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// A signed token that names its user and client; renewed by a refresh token.
    Jwt,
    /// A token that says nothing; renewed by a refresh token.
    Opaque,
    /// A session cookie.
    Cookie,
    /// A key in a header.
    Key,
    /// A token for a client application, without a user.
    ClientJwt,
    /// Nothing.
    Nobody,
}

/// A kind of objects.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) name: CompactString,
    /// Name of a list of them.
    pub(crate) plural: CompactString,
    pub(crate) style: IdStyle,
    pub(crate) scope: Scope,
    /// Objects at the start: of one owner (median), or in all for public ones.
    pub(crate) amount: f64,
    pub(crate) record: Vec<Node>,
}

/// What ids look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdStyle {
    /// 10041, 10042, ...
    Sequential,
    /// Ten digits without visible order; one in some thousands exists.
    Sparse,
    Uuid,
    /// A prefix, a year and a running number: `INV-2026-004711`.
    Composite,
}

/// Who may see an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Its owner.
    Private,
    /// Its owner and whom he shares it with.
    Shared,
    /// The members of its organisation.
    Org,
    Public,
}

/// A named value of a record, a body or a query.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: CompactString,
    pub(crate) make: Make,
    /// Percent of requests that have it; answers always do.
    pub(crate) percent: u8,
}

/// What a value is made of. Pairs are the least and the greatest length.
#[derive(Clone, Debug)]
pub(crate) enum Make {
    /// The id of the record itself.
    Own,
    /// The id of another object.
    Ref(KindId),
    /// Digits.
    Int(u8, u8),
    Money,
    Bool,
    /// Small letters.
    Word(u8, u8),
    /// Capital letters.
    Upper(u8, u8),
    /// Words.
    Text(u16, u16),
    Date,
    Email,
    Phone,
    Card,
    Iban,
    /// The login name of the user who calls.
    Name,
    Password,
    /// The credential in hand, to be renewed.
    Refresh,
    /// The credentials that the answer issues.
    Access,
    NewRefresh,
    /// A list of words.
    Words(u8, u8),
    /// A list of objects.
    List(u8, u8, Vec<Node>),
    /// A GraphQL document, and its variables in an object.
    Document(Box<Document>),
}

/// A GraphQL operation.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) text: CompactString,
    pub(crate) operation: model::Operation,
}

impl Make {
    /// The class of sensitive data that it is.
    pub(crate) const fn sensitive(&self) -> Option<SensitiveClass> {
        match self {
            Self::Card => Some(SensitiveClass::CardNumber),
            Self::Iban => Some(SensitiveClass::Iban),
            Self::Email | Self::Name => Some(SensitiveClass::Email),
            Self::Phone => Some(SensitiveClass::Phone),
            _ => None,
        }
    }
}

/// Who may call a route: a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who(pub(crate) u8);

impl Who {
    pub(crate) const ANYBODY: u8 = 1;
    pub(crate) const CUSTOMER: u8 = 2;
    pub(crate) const STAFF: u8 = 4;
    pub(crate) const PARTNER: u8 = 8;
    pub(crate) const ADMIN: u8 = 16;

    pub(crate) const fn allows(self, role: u8) -> bool {
        self.0 & (role | Self::ANYBODY) != 0
    }
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Lists the caller's objects, so many a page.
    List(KindId, u16),
    Read(KindId),
    Create(KindId),
    Edit(KindId),
    Drop(KindId),
    /// Does something to an object and says so.
    Do(KindId),
    /// Does something that needs no object.
    Note,
    Login,
    Renew,
    Reset,
    SignUp,
}

impl Act {
    pub(crate) const fn kind(self) -> Option<KindId> {
        match self {
            Self::List(kind, _)
            | Self::Read(kind)
            | Self::Create(kind)
            | Self::Edit(kind)
            | Self::Drop(kind)
            | Self::Do(kind) => Some(kind),
            _ => None,
        }
    }

    /// Whether it changes something.
    pub(crate) const fn writes(self) -> bool {
        matches!(self, Self::Create(_) | Self::Edit(_) | Self::Drop(_) | Self::Do(_) | Self::SignUp)
    }
}

/// A part of a path: a text, and the kind of the id behind it.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) text: CompactString,
    pub(crate) id: Option<KindId>,
}

/// A method and a path with places for ids.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Its name in flows: `orders.read`.
    pub(crate) name: CompactString,
    pub(crate) method: CompactString,
    pub(crate) path: Vec<Piece>,
    pub(crate) query: Vec<Node>,
    pub(crate) body: Vec<Node>,
    pub(crate) who: Who,
    pub(crate) act: Act,
    /// Median time to answer, in microseconds.
    pub(crate) cost_us: f64,
    /// Share of calls that fail although nothing is wrong with them.
    pub(crate) failing: f64,
    /// Whether it forgets to ask whose object it is: what attackers live on.
    pub(crate) is_open: bool,
    /// Release that brings it, and the one that takes it away.
    pub(crate) since: u8,
    pub(crate) until: u8,
}

impl Route {
    /// Kinds of the ids in its path.
    pub(crate) fn ids(&self) -> impl Iterator<Item = KindId> {
        self.path.iter().filter_map(|piece| piece.id)
    }
}

/// Calls that belong together, and who makes them.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    /// Whose habit it is.
    pub(crate) habit: CompactString,
    pub(crate) weight: f64,
    pub(crate) steps: Vec<Step>,
}

/// Some calls of one route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) route: RouteId,
    pub(crate) least: u16,
    pub(crate) most: u16,
    pub(crate) percent: u8,
    /// Whether it is sent together with the one before.
    pub(crate) is_parallel: bool,
}

impl World {
    /// The world of this name, as its seed has it: sizes, costs, failure rates and the routes with a hole vary.
    pub(crate) fn new(name: WorldName, seed: u64) -> Self {
        let text = match name {
            WorldName::Shop => shop::TABLES,
            WorldName::Bank => bank::TABLES,
            WorldName::Suite => suite::TABLES,
        };
        let mut world = parse::world(text).expect("a test reads every world");
        world.vary(&mut Rng::new(seed, 0x0077_6f72_6c64));
        world
    }

    pub(crate) fn kind(&self, id: KindId) -> Option<&Kind> {
        self.kinds.get(usize::from(id))
    }

    pub(crate) fn route(&self, id: RouteId) -> Option<&Route> {
        self.routes.get(usize::from(id))
    }

    /// The route of this name.
    pub(crate) fn named(&self, name: &str) -> Option<RouteId> {
        let place = self.routes.iter().position(|route| route.name == name)?;
        RouteId::try_from(place).ok()
    }

    /// Routes of which this holds.
    pub(crate) fn routes_where(&self, holds: impl Fn(&Route) -> bool) -> Vec<RouteId> {
        (0..).zip(&self.routes).filter(|(_, route)| holds(route)).map(|(id, _)| id).collect()
    }

    /// Half as much to half as much again, of everything.
    fn vary(&mut self, rng: &mut Rng) {
        for kind in &mut self.kinds {
            kind.amount *= 0.5 + rng.unit();
        }
        for route in &mut self.routes {
            route.cost_us *= 0.5 + rng.unit();
            route.failing *= 0.5 + rng.unit();
            if let Act::List(_, page) = &mut route.act {
                *page = u16::try_from(rng.between(u32::from(*page) / 2 + 1, u32::from(*page) * 3 / 2))
                    .unwrap_or(*page);
            }
            let has_hole = rng.chance(0.4);
            let owned = route.act.kind().and_then(|kind| self.kinds.get(usize::from(kind)));
            route.is_open |= has_hole && owned.is_some_and(|kind| kind.scope != Scope::Public);
        }
        for (flow, place) in self.flows.iter_mut().zip(0..) {
            flow.weight *= 0.5 + rng.unit();
            match self.habits.iter_mut().find(|(habit, _)| *habit == flow.habit) {
                Some((_, flows)) => flows.push(place),
                None => self.habits.push((flow.habit.clone(), vec![place])),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_world_is_read_and_large_enough() {
        for name in WorldName::ALL {
            let world = World::new(name, 3);
            assert!(
                (60..=200).contains(&world.routes.len()),
                "{}: {} routes",
                name.name(),
                world.routes.len()
            );
            assert!(world.flows.len() >= 15, "{}: {} flows", name.name(), world.flows.len());
            assert_eq!((world.kinds[0].name.as_str(), world.kinds[1].name.as_str()), ("user", "org"));
            for role in [Who::CUSTOMER, Who::STAFF, Who::PARTNER, Who::ADMIN] {
                assert!(world.routes.iter().any(|route| route.who.0 & role != 0));
            }
        }
    }

    #[test]
    fn another_seed_is_another_business() {
        let costs =
            |seed| World::new(WorldName::Shop, seed).routes.iter().map(|route| route.cost_us).sum::<f64>();
        assert!((costs(1) - costs(1)).abs() < f64::EPSILON);
        assert!((costs(1) - costs(2)).abs() > 1.0);
    }
}
