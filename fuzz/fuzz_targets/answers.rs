#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::answers, 256, 200000);
