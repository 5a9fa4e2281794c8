#![no_main]
sidewatch_fuzz::target!(intake::fuzzing::kong, 256, 1_000_000);
