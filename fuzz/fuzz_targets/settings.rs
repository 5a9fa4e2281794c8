#![no_main]
#![allow(dead_code, unused_imports, reason = "the daemon uses the rest")]

#[path = "../../crates/daemon/src/fault.rs"]
mod fault;
#[path = "../../crates/daemon/src/settings/mod.rs"]
mod settings;

sidewatch_fuzz::target!(settings::fuzzing::settings, 256, 1_000_000);
