#![no_main]
sidewatch_fuzz::target!(intake::fuzzing::log, 256, 1_000_000);
