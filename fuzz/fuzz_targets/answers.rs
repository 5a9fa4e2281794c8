#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::answers, 256, 1_000_000, sensor::fuzzing::warm);
