#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::frame, 64, 4000000);
