//! Targets: what an attack is after in, the routes that it lives on out.

use super::{
    instance::Attack,
    program::{Move, Source},
};
use crate::{
    rng::count,
    stage::Stage,
    world::{Act, IdStyle, KindId, Make, Node, ORG, Route, RouteId, Scope, USER, Who},
};

/// The routes of a world, to be asked for by what they do.
struct Atlas<'a> {
    stage: &'a Stage,
}

impl Attack {
    /// Routes that the attack lives on.
    pub(super) fn find_routes(&mut self, stage: &Stage) -> Vec<RouteId> {
        let atlas = Atlas { stage };
        let is_partner = matches!(self.program.source, Source::StolenPartner | Source::Dormant);
        match self.program.moves {
            Move::ReadRandom
            | Move::ReadLeaked
            | Move::CountUp
            | Move::Write
            | Move::Poison
            | Move::Delete
            | Move::Escalate
            | Move::LookUp => atlas.of_objects(self.program.moves),
            Move::Export | Move::ExportForeign => atlas.of_lists(self.program.moves, is_partner),
            Move::Fuzz | Move::Inject | Move::Bomb | Move::Assign => {
                let routes = atlas.of_bodies(self.program.moves);
                // One route, and it is worth knowing well.
                let chosen = self.rng.next() as usize % routes.len().max(1);
                routes.get(chosen).copied().into_iter().collect()
            }
            moves => atlas.of_everybody(moves),
        }
    }
}

impl Atlas<'_> {
    fn all(&self, holds: impl Fn(&Route) -> bool) -> Vec<RouteId> {
        self.stage.world.routes_where(holds)
    }

    /// Whether objects of a kind are somebody's.
    fn owned(&self, kind: KindId) -> bool {
        self.stage.objects.scope(kind) != Scope::Public && kind != USER && kind != ORG
    }

    fn is_numbered(&self, kind: KindId) -> bool {
        matches!(self.stage.objects.style(kind), IdStyle::Sequential | IdStyle::Composite)
    }

    /// Whether a route shows the one object that its path names.
    fn reads(&self, route: &Route) -> bool {
        by_id(route)
            && matches!(route.act, Act::Read(kind) if self.owned(kind) && route.ids().next() == Some(kind))
    }

    fn writes(&self, route: &Route) -> bool {
        customer(route) && by_id(route) && route.act.writes() && route.ids().all(|kind| self.owned(kind))
    }

    fn of_objects(&self, moves: Move) -> Vec<RouteId> {
        let reads = |route: &Route| customer(route) && self.reads(route);
        let edits = |route: &Route| self.writes(route) && !matches!(route.act, Act::Drop(_));
        let numbered = |route: &Route| route.ids().all(|kind| self.is_numbered(kind));
        match moves {
            Move::CountUp => first([
                self.all(|route| reads(route) && route.is_open && numbered(route)),
                self.all(|route| reads(route) && numbered(route)),
                self.all(reads),
            ]),
            Move::Write | Move::Poison => {
                first([self.all(|route| edits(route) && route.is_open), self.all(edits)])
            }
            Move::Delete => self.all(|route| self.writes(route) && matches!(route.act, Act::Drop(_))),
            Move::Escalate => self.all(|route| {
                route.who.0 & Who::CUSTOMER == 0 && route.who.0 & (Who::ADMIN | Who::STAFF) != 0
            }),
            Move::LookUp => self.all(|route| customer(route) && route.act == Act::Read(USER) && by_id(route)),
            _ => first([self.all(|route| reads(route) && route.is_open), self.all(reads)]),
        }
    }

    fn of_lists(&self, moves: Move, is_partner: bool) -> Vec<RouteId> {
        let who = if is_partner { Who::PARTNER } else { Who::CUSTOMER };
        let mine = |route: &Route| route.who.0 & who != 0 && route.since == 0 && route.until == u8::MAX;
        if moves == Move::Export {
            return self
                .all(|route| mine(route) && matches!(route.act, Act::List(kind, _) if self.owned(kind)));
        }
        let lists = |route: &Route| matches!(route.act, Act::List(..)) && by_id(route);
        let shows = |route: &Route| lists(route) || is_partner && self.reads(route);
        first([
            self.all(|route| mine(route) && route.is_open && shows(route)),
            self.all(|route| mine(route) && (shows(route) || self.reads(route))),
        ])
    }

    fn of_bodies(&self, moves: Move) -> Vec<RouteId> {
        let has_body = |route: &Route| customer(route) && !is_login(route) && !route.body.is_empty();
        let lists = |route: &Route| route.body.iter().any(|node| matches!(node.make, Make::List(..)));
        match moves {
            Move::Bomb => first([self.all(|route| has_body(route) && lists(route)), self.all(has_body)]),
            Move::Inject => self.all(|route| customer(route) && (has_body(route) || !route.query.is_empty())),
            _ => self.all(has_body),
        }
    }

    fn of_everybody(&self, moves: Move) -> Vec<RouteId> {
        let anybody = |route: &Route| route.who.0 & Who::ANYBODY != 0;
        let mine = |route: &Route| customer(route) && !is_login(route);
        let has = |route: &Route, holds: fn(&Node) -> bool| route.body.iter().any(holds);
        match moves {
            Move::Scrape | Move::Watch => first([
                self.all(|route| public(route, self.stage) && anybody(route)),
                self.all(|route| public(route, self.stage)),
            ]),
            Move::Probe | Move::Decoy | Move::FrameAddress | Move::FrameSub => {
                self.all(|route| anybody(route) && !is_login(route))
            }
            Move::Expensive => {
                let cost = |id: &RouteId| self.stage.world.route(*id).map_or(0, |route| count(route.cost_us));
                let reads = self.all(|route| mine(route) && !route.act.writes());
                reads.into_iter().max_by_key(cost).into_iter().collect()
            }
            Move::Flood | Move::Replay | Move::Plunder | Move::Skip | Move::Refresh => self.all(mine),
            Move::Forge => {
                self.all(|route| customer(route) && route.act.kind().is_some() && route.method == "GET")
            }
            Move::Coupons => self
                .all(|route| mine(route) && has(route, |node| node.name == "code" || node.name == "email")),
            Move::Card => {
                let pays = |route: &Route| {
                    matches!(route.act, Act::Create(_) | Act::Do(_))
                        && has(route, |node| matches!(node.make, Make::Card | Make::Money))
                };
                first([
                    self.all(|route| customer(route) && pays(route)),
                    self.all(|route| customer(route) && matches!(route.act, Act::Create(_))),
                ])
            }
            Move::ResetCodes => self.all(|route| route.act == Act::Reset),
            Move::SignUp => self.all(|route| route.act == Act::SignUp),
            _ => self.all(|route| route.act == Act::Login),
        }
    }
}

/// The first list that is not empty.
fn first<const N: usize>(lists: [Vec<RouteId>; N]) -> Vec<RouteId> {
    lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default()
}

/// Whether customers may call a route, now and later.
fn customer(route: &Route) -> bool {
    route.who.0 & Who::CUSTOMER != 0 && route.since == 0 && route.until == u8::MAX
}

fn by_id(route: &Route) -> bool {
    route.ids().count() == 1
}

pub(super) fn is_login(route: &Route) -> bool {
    matches!(route.act, Act::Login | Act::Renew | Act::Reset | Act::SignUp)
}

/// Whether a route shows what everybody may see.
fn public(route: &Route, stage: &Stage) -> bool {
    let shows = matches!(route.act, Act::Read(kind) | Act::List(kind, _) if stage.objects.scope(kind) == Scope::Public);
    shows && route.who.0 & (Who::ANYBODY | Who::CUSTOMER) != 0 && route.since == 0 && route.until == u8::MAX
}
