#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::chunks, 256, 1_000_000, sensor::fuzzing::warm);
