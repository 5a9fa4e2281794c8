#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::signs, 256, 1_000_000, sensor::fuzzing::warm);
