#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::http2, 256, 1_000_000, sensor::fuzzing::warm);
