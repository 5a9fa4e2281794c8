//! The inventory: calls on learnt routes in, what is known of each route out, for people. Never judges, never learns from
//! what was refused but that it was.

mod entry;
mod parameters;

use model::{Inventory as Report, Loss, Losses, Pseudonyms};
use serde::{Deserialize, Serialize};

use crate::{
    engine::Engine,
    hash::Tag,
    routes::{Route, RouteId},
    scene::Scene,
    snapshot::Settle,
};
use entry::Entry;
use parameters::PARAMETER_BYTES;

/// What is known of each route.
#[derive(Serialize, Deserialize)]
pub(crate) struct Inventory {
    /// By the number of the route.
    entries: Vec<Option<Box<Entry>>>,
    /// Parameters of all routes together.
    parameters: usize,
    /// Key of the counts of callers.
    #[serde(skip)]
    key: u64,
    #[serde(skip)]
    parameters_max: usize,
}

impl Inventory {
    /// What fits into about `bytes`.
    pub(crate) fn within(bytes: usize, names: &Pseudonyms) -> Self {
        let parameters_max = (bytes / PARAMETER_BYTES).max(1_024);
        Self { entries: Vec::new(), parameters: 0, key: names.short(b"inventory", b""), parameters_max }
    }

    /// Takes a call on a route; `who` is its caller.
    pub(crate) fn learn(&mut self, id: RouteId, scene: &Scene<'_>, who: Tag, losses: &mut Losses) {
        let at = id.0 as usize;
        if at >= self.entries.len() {
            self.entries.resize_with(at + 1, || None);
        }
        let Some(place) = self.entries.get_mut(at) else { return };
        let entry = place.get_or_insert_default();
        let room = self.parameters_max.saturating_sub(self.parameters);
        let before = entry.parameters.len();
        let missed = entry.learn(scene, who, self.key, room);
        self.parameters += entry.parameters.len() - before;
        losses.add(Loss::InventoryFull, missed);
    }

    /// One route turned out to be another: what is known of both is known of `into`.
    pub(crate) fn merge(&mut self, from: RouteId, into: RouteId) {
        let taken = self.entries.get_mut(from.0 as usize).and_then(Option::take);
        let Some(taken) = taken else { return };
        if let Some(Some(known)) = self.entries.get_mut(into.0 as usize) {
            self.parameters -= taken.parameters.len() + known.parameters.len();
            known.merge(*taken);
            self.parameters += known.parameters.len();
        } else if let Some(place) = self.entries.get_mut(into.0 as usize) {
            *place = Some(taken);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.entries.capacity() * 8
            + self.entries.iter().flatten().count() * (size_of::<Entry>() + 300)
            + self.parameters * PARAMETER_BYTES
    }

    fn entry(&self, at: usize) -> Option<&Entry> {
        self.entries.get(at)?.as_deref()
    }
}

impl Settle for Inventory {
    fn settle(&mut self, fresh: Self) -> Option<()> {
        (self.key, self.parameters_max) = (fresh.key, fresh.parameters_max);
        self.parameters = self.entries.iter().flatten().map(|entry| entry.parameters.len()).sum();
        Some(())
    }
}

impl Engine {
    /// What is known of the routes, by template, then method.
    #[must_use]
    pub fn inventory(&self) -> Report {
        let world = &self.world;
        let live = world.routes.table.iter().enumerate().filter(|(_, route)| route.calls > 0);
        let record = |(at, route): (usize, &Route)| {
            let fresh = Entry::default();
            world.inventory.entry(at).unwrap_or(&fresh).record(route)
        };
        let mut routes: Vec<_> = live.map(record).collect();
        routes.sort_by(|a, b| (&a.template, &a.method).cmp(&(&b.template, &b.method)));
        let clock = self.clock();
        let left_out = world.losses.of(Loss::InventoryFull) + world.losses.of(Loss::RouteOverflow);
        let credentials = world.inference.report();
        Report { from: world.started, to: clock.now, calls: clock.calls, routes, left_out, credentials }
    }
}
