//! The simulator against the sensor: packets of a simulated day in, the very calls that the simulator tells of out.

use std::{collections::HashMap, io::Write as _};

use model::{ApiCall, Pseudonyms};
use sensor::{
    Sensor, SensorConfig,
    capture::{Capture, Step},
};
use sim::{AttackOrder, Events, PcapWriter, SimConfig, Simulation, WorldName};

/// A day of a small business with some attacks: its calls, and its packets as a capture file.
fn day(world: WorldName, names: &Pseudonyms) -> (Vec<ApiCall>, Vec<u8>) {
    let attack = |kind| AttackOrder { spread: 0.05, ..AttackOrder::new(kind, 1) };
    let attacks = [
        "bola_fast",
        "schema_fuzzing",
        "injection",
        "mass_assignment",
        "stuffing_one_address",
        "framing_sub",
    ];
    let attacks =
        attacks.into_iter().chain(["probing_fast", "partner_key_stolen", "json_bomb", "enumeration"]);
    let attacks = attacks.map(attack).collect();
    let config = SimConfig {
        seed: 11,
        world,
        principals: 60,
        days: 1,
        attacks,
        events: Events::None,
        ..SimConfig::default()
    };
    let mut simulation = Simulation::new(config, names.clone()).expect("fits");
    simulation.with_bytes();
    let mut capture = PcapWriter::new(Vec::new()).expect("memory");
    let mut calls = Vec::new();
    while let Some((call, _, bytes)) = simulation.next_with_bytes().filter(|_| calls.len() < 30_000) {
        capture.push(&call, &bytes.expect("nothing is missed")).expect("memory");
        calls.push(call);
    }
    (calls, capture.finish().expect("memory"))
}

fn decode(capture: &[u8], names: &Pseudonyms) -> Vec<ApiCall> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(capture).expect("written");
    let mut capture = Capture::file(file.path()).expect("a capture");
    let mut sensor = Sensor::new(SensorConfig::default(), names.clone());
    let mut calls = Vec::new();
    loop {
        match capture.next().expect("whole") {
            Step::Frame(frame) => sensor.push(frame, &mut calls),
            Step::Idle | Step::Secrets(_) => {}
            Step::End => break,
        }
    }
    sensor.finish(&mut calls);
    assert_eq!(sensor.losses().nonzero().count(), 0, "{:?}", sensor.losses().nonzero().collect::<Vec<_>>());
    calls
}

#[test]
fn its_packets_decode_to_its_calls() {
    let names = Pseudonyms::new([9; 16]);
    for world in WorldName::ALL {
        let (told, capture) = day(world, &names);
        let decoded = decode(&capture, &names);
        assert_eq!(told.len(), decoded.len(), "{}", world.name());
        let mut by_place: HashMap<_, ApiCall> =
            decoded.into_iter().map(|call| ((call.peer, call.at), call)).collect();
        let mut differ = Vec::new();
        for told in &told {
            let found = by_place.remove(&(told.peer, told.at)).expect("a call at that place and time");
            // Ids count calls on their own on both sides.
            let found = ApiCall { id: told.id, ..found };
            if found != *told {
                let text = |call: &ApiCall| serde_json::to_string(call).expect("serialises");
                differ.push((text(told), text(&found)));
            }
        }
        // Random digits look like a passport or an id now and then.
        let few = told.len() / 500;
        let shown = differ.iter().take(5).map(|(told, found)| format!("told  {told}\nfound {found}\n"));
        let shown: String = shown.collect();
        assert!(differ.len() <= few, "{}: {} of {}:\n{shown}", world.name(), differ.len(), told.len());
    }
}
