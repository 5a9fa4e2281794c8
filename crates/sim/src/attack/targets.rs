//! Targets: what an attack is after in, the routes that it lives on out.

use super::{instance::Attack, program::Move};
use crate::{
    stage::Stage,
    world::{Act, IdStyle, KindId, Make, ORG, Route, RouteId, Scope, USER, Who},
};

impl Attack {
    /// Routes that the attack lives on.
    pub(super) fn find_routes(&mut self, stage: &Stage) -> Vec<RouteId> {
        let world = &stage.world;
        let customer =
            |route: &Route| route.who.0 & Who::CUSTOMER != 0 && route.since == 0 && route.until == u8::MAX;
        let scope = |kind: KindId| stage.objects.scope(kind);
        let owned = |kind: KindId| scope(kind) != Scope::Public && kind != USER && kind != ORG;
        let by_id = |route: &Route| route.ids().count() == 1;
        let numbered =
            |kind: KindId| matches!(stage.objects.style(kind), IdStyle::Sequential | IdStyle::Composite);
        let reads = |route: &Route, open: bool| {
            customer(route)
                && by_id(route)
                && matches!(route.act, Act::Read(kind) if owned(kind) && route.ids().next() == Some(kind))
                && (!open || route.is_open)
        };
        let writes =
            |route: &Route| customer(route) && by_id(route) && route.act.writes() && route.ids().all(owned);
        let first =
            |lists: &[Vec<RouteId>]| lists.iter().find(|list| !list.is_empty()).cloned().unwrap_or_default();
        let all = |holds: &dyn Fn(&Route) -> bool| world.routes_where(holds);
        match self.program.moves {
            Move::ReadRandom | Move::ReadLeaked => {
                first(&[all(&|route| reads(route, true)), all(&|route| reads(route, false))])
            }
            Move::CountUp => first(&[
                all(&|route| reads(route, true) && route.ids().all(numbered)),
                all(&|route| reads(route, false) && route.ids().all(numbered)),
                all(&|route| reads(route, false)),
            ]),
            Move::Write | Move::Poison => {
                let edits = |route: &Route| writes(route) && !matches!(route.act, Act::Drop(_));
                first(&[all(&|route| edits(route) && route.is_open), all(&edits)])
            }
            Move::Delete => all(&|route| writes(route) && matches!(route.act, Act::Drop(_))),
            Move::Escalate => {
                all(&|route| route.who.0 & Who::CUSTOMER == 0 && route.who.0 & (Who::ADMIN | Who::STAFF) != 0)
            }
            Move::LookUp => all(&|route| customer(route) && route.act == Act::Read(USER) && by_id(route)),
            Move::Export => all(&|route| {
                let partner = route.who.0 & Who::PARTNER != 0
                    && self.callers.iter().any(|caller| caller.sender.role & Who::PARTNER != 0);
                (partner || customer(route)) && matches!(route.act, Act::List(kind, _) if owned(kind))
            }),
            Move::ExportForeign => {
                let lists = |route: &Route| matches!(route.act, Act::List(..)) && route.ids().count() == 1;
                let is_partner = self.callers.iter().any(|caller| caller.sender.role & Who::PARTNER != 0);
                let who = if is_partner { Who::PARTNER } else { Who::CUSTOMER };
                let reads =
                    |route: &Route| matches!(route.act, Act::Read(kind) if owned(kind)) && by_id(route);
                let mine = |route: &Route| route.who.0 & who != 0;
                first(&[
                    all(&|route| {
                        mine(route) && route.is_open && (lists(route) || is_partner && reads(route))
                    }),
                    all(&|route| mine(route) && (lists(route) || reads(route))),
                ])
            }
            Move::Scrape | Move::Watch => first(&[
                all(&|route| public(route, stage) && route.who.0 & Who::ANYBODY != 0),
                all(&|route| public(route, stage)),
            ]),
            Move::Probe | Move::Decoy => all(&|route| route.who.0 & Who::ANYBODY != 0 && !is_login(route)),
            Move::Fuzz | Move::Inject | Move::Bomb | Move::Assign => {
                let has_body = |route: &Route| customer(route) && !is_login(route) && !route.body.is_empty();
                let lists = |route: &Route| route.body.iter().any(|node| matches!(node.make, Make::List(..)));
                let mut routes = match self.program.moves {
                    Move::Bomb => first(&[all(&|route| has_body(route) && lists(route)), all(&has_body)]),
                    Move::Inject => {
                        all(&|route| customer(route) && (has_body(route) || !route.query.is_empty()))
                    }
                    _ => all(&has_body),
                };
                // One route, and it is worth knowing well.
                let chosen = self.rng.next() as usize % routes.len().max(1);
                routes = routes.get(chosen).copied().into_iter().collect();
                routes
            }
            Move::Expensive => {
                let cost =
                    |id: &RouteId| world.route(*id).map_or(0, |route| crate::rng::count(route.cost_us));
                let mine = all(&|route| customer(route) && !route.act.writes() && !is_login(route));
                mine.into_iter().max_by_key(cost).into_iter().collect()
            }
            Move::Flood | Move::Replay | Move::Plunder | Move::Skip | Move::Refresh => {
                all(&|route| customer(route) && !is_login(route))
            }
            Move::Forge => {
                all(&|route| customer(route) && route.act.kind().is_some() && route.method == "GET")
            }
            Move::FrameSub => all(&|route| route.who.0 & Who::ANYBODY != 0 && !is_login(route)),
            Move::Coupons => {
                let guesses = |route: &Route| {
                    customer(route)
                        && !is_login(route)
                        && route.body.iter().any(|node| node.name == "code" || node.name == "email")
                };
                all(&guesses)
            }
            Move::Card => {
                let pays = |route: &Route| {
                    customer(route)
                        && matches!(route.act, Act::Create(_) | Act::Do(_))
                        && route.body.iter().any(|node| matches!(node.make, Make::Card | Make::Money))
                };
                first(&[all(&pays), all(&|route| customer(route) && matches!(route.act, Act::Create(_)))])
            }
            Move::ResetCodes => all(&|route| route.act == Act::Reset),
            Move::SignUp => all(&|route| route.act == Act::SignUp),
            _ => all(&|route| route.act == Act::Login),
        }
    }
}

pub(super) fn is_login(route: &Route) -> bool {
    matches!(route.act, Act::Login | Act::Renew | Act::Reset | Act::SignUp)
}

/// Whether a route shows what everybody may see.
fn public(route: &Route, stage: &Stage) -> bool {
    let shows = matches!(route.act, Act::Read(kind) | Act::List(kind, _) if stage.objects.scope(kind) == Scope::Public);
    shows && route.who.0 & (Who::ANYBODY | Who::CUSTOMER) != 0 && route.since == 0 && route.until == u8::MAX
}
