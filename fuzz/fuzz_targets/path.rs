#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::path, 256, 200000);
