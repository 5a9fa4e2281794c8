#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::parts, 64, 1_000_000, sensor::fuzzing::warm);
