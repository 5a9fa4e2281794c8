#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::codings, 64, 24000000);
