//! Forms: the plans of all bodies and queries of a world. Made once.

use compact_str::{CompactString, format_compact};
use model::Pseudonyms;

use crate::{
    plan::{Plan, Planner},
    rng::mix,
    world::{Act, Make, Node, Route, RouteId, World},
};

/// Plans by route.
pub(super) struct Forms {
    routes: Vec<Form>,
    pub(super) failure: Plan,
    pub(super) tokens: Plan,
}

/// What a route's messages look like.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) query: Plan,
    pub(super) body: Option<Plan>,
    pub(super) answer: Plan,
}

impl Forms {
    pub(super) fn new(world: &World, names: &Pseudonyms) -> Self {
        let planner = Planner::new(names);
        Self {
            routes: world.routes.iter().map(|route| form(route, world, &planner)).collect(),
            failure: planner.record(&[
                node("code", Make::Word(6, 18)),
                node("message", Make::Text(16, 48)),
                node("trace", Make::Upper(12, 12)),
            ]),
            tokens: planner.record(&[
                node("access_token", Make::Access),
                node("refresh_token", Make::NewRefresh),
                node("expires_in", Make::Int(4, 4)),
                node("token_type", Make::Word(6, 6)),
            ]),
        }
    }

    pub(super) fn of(&self, route: RouteId) -> Option<&Form> {
        self.routes.get(usize::from(route))
    }
}

fn node(name: &str, make: Make) -> Node {
    Node { name: name.into(), make, percent: 100 }
}

fn form(route: &Route, world: &World, planner: &Planner) -> Form {
    let is_graphql = route.path.first().is_some_and(|piece| piece.text.contains("graphql"));
    let kind = route.act.kind().and_then(|kind| Some((kind, world.kind(kind)?)));
    let answer = match (route.act, kind) {
        (Act::List(..), Some((id, kind))) => planner.page(id, &kind.plural, &kind.record, is_graphql),
        (Act::Read(_) | Act::Create(_) | Act::Edit(_), Some((_, kind))) => planner.record(&kind.record),
        _ => planner.record(&note(&route.name)),
    };
    let body = (!route.body.is_empty()).then(|| planner.request(&route.body));
    Form { query: planner.request(&route.query), body, answer }
}

/// Some members that differ from route to route.
fn note(name: &CompactString) -> Vec<Node> {
    const POOL: [(&str, Make); 12] = [
        ("status", Make::Word(2, 8)),
        ("version", Make::Int(1, 4)),
        ("enabled", Make::Bool),
        ("updated_at", Make::Date),
        ("title", Make::Text(10, 40)),
        ("total", Make::Money),
        ("count", Make::Int(1, 3)),
        ("currency", Make::Upper(3, 3)),
        ("variant", Make::Word(4, 9)),
        ("hint", Make::Text(20, 90)),
        ("expires", Make::Date),
        ("score", Make::Money),
    ];
    let hash = name.bytes().fold(7, |hash, byte| mix(hash, u64::from(byte)));
    let chosen = POOL.iter().enumerate().filter(|(at, _)| hash >> at & 1 == 1 || *at == 0);
    let mut nodes: Vec<Node> = chosen.map(|(_, (name, make))| node(name, make.clone())).collect();
    if hash >> 20 & 3 == 0 {
        let inner = vec![node("label", Make::Text(10, 24)), node("value", Make::Int(1, 4))];
        nodes.push(node(&format_compact!("{}s", nodes.len()), Make::List(1, 6, inner)));
    }
    nodes
}
