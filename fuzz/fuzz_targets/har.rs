#![no_main]
sidewatch_fuzz::target!(intake::fuzzing::har, 256, 1_000_000);
