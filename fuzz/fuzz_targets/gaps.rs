#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::gaps, 256, 200000);
