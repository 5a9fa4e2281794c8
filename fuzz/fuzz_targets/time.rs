#![no_main]
sidewatch_fuzz::target!(model::fuzzing::time, 256, 1_000_000);
