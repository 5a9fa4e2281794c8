#!/bin/bash
# Every attack on memory at once (tests/tests/siege.rs) with ten million flows tried, against the optimised program, under
# a limit that the kernel holds. Prints the peak of its memory, what it counted as lost, and how long it took.
# usage: siege.sh [FLOWS]      (default: 10000000, some minutes)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
export SIEGE_FLOWS=${1:-10000000}
cargo build --release --locked --package sidewatch-daemon
export SIDEWATCH_BIN=${SIDEWATCH_BIN:-$(readlink -f "${CARGO_TARGET_DIR:-target}")/release/sidewatch}
cargo test --release --locked --package sidewatch-tests --test siege --no-run
time cargo test --release --locked --package sidewatch-tests --test siege -- --nocapture
