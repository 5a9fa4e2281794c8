#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::familiar, 256, 2_000_000, sensor::fuzzing::warm);
