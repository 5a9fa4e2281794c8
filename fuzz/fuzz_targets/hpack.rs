#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::hpack, 256, 1_000_000, sensor::fuzzing::warm);
