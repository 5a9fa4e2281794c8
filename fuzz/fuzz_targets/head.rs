#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::head, 256, 1_000_000);
