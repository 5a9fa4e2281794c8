#![no_main]
sidewatch_fuzz::target!(store::fuzzing::rows, 256, 1_000_000);
