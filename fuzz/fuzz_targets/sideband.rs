#![no_main]
sidewatch_fuzz::target!(intake::fuzzing::sideband, 256, 1_000_000);
