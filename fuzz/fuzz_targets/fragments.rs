#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::fragments, 600, 4000000);
