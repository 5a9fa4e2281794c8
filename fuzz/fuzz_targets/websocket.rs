#![no_main]
sidewatch_fuzz::target!(sensor::fuzzing::websocket, 64, 4000000);
