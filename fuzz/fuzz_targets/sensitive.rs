#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::sensitive, 64, 4000000);
