#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::capture_file, 32, 20_000_000);
