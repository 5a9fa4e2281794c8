#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::head, 256, 200000);
