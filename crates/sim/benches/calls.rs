//! What a call costs to make: without and with its line of JSON.

use divan::{Bencher, counter::ItemsCount};
use model::{CallWriter, Pseudonyms};
use sim::{AttackOrder, SimConfig, Simulation, WorldName};

/// Calls of one round.
const CALLS: usize = 100_000;

fn main() {
    divan::main();
}

fn simulation(world: WorldName) -> Simulation {
    let attacks = vec![AttackOrder::new("bola_fast", 1), AttackOrder::new("stuffing_distributed", 1)];
    let config = SimConfig { world, principals: 5_000, days: 2, attacks, ..SimConfig::default() };
    Simulation::new(config, Pseudonyms::new([7; 16])).expect("fits")
}

#[divan::bench(args = ["shop", "bank", "suite"], sample_count = 3, sample_size = 1)]
fn made(bencher: Bencher<'_, '_>, world: &str) {
    let world = world.parse().expect("a world");
    bencher
        .counter(ItemsCount::new(CALLS))
        .with_inputs(|| simulation(world))
        .bench_local_values(|mut simulation| simulation.by_ref().take(CALLS).count());
}

#[divan::bench(args = ["shop", "bank", "suite"], sample_count = 3, sample_size = 1)]
fn printed(bencher: Bencher<'_, '_>, world: &str) {
    let world = world.parse().expect("a world");
    bencher.counter(ItemsCount::new(CALLS)).with_inputs(|| simulation(world)).bench_local_values(
        |mut simulation| {
            let (mut writer, mut lines) = (CallWriter::default(), Vec::new());
            for (call, _) in simulation.by_ref().take(CALLS) {
                lines.clear();
                writer.write(&call, &mut lines);
            }
            lines.len()
        },
    );
}
