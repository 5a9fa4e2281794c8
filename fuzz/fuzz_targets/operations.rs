#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::operations, 1024, 600000);
