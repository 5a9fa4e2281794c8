#![no_main]
sidewatch_fuzz::target!(model::fuzzing::line, 256, 1_000_000);
