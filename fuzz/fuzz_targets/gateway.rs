#![no_main]
sidewatch_fuzz::target!(connect::fuzzing::gateway, 256, 1_000_000);
