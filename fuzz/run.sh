#!/bin/bash
# Fuzzes every target for MINUTES in all (default 10), on JOBS cores (default all), and adds what was done to fuzz/ledger.tsv.
# TARGETS="a b" picks some. COMPARES=no does not watch what is compared: about twice the runs, for going on from what was
# found. A finding stops its target, keeps the input in fuzz/artifacts/ and makes the exit code 1.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
export PATH="$HOME/.cargo/bin:$PATH"

minutes=${MINUTES:-10}
jobs=${JOBS:-$(nproc)}
read -r -a targets <<<"${TARGETS:-$(sed -n 's/^name = "\([a-z0-9_]*\)"$/\1/p' fuzz/Cargo.toml | tr '\n' ' ')}"
out=${CARGO_TARGET_DIR:-$PWD/fuzz/target}
flags=()
export CARGO_TARGET_DIR=$out
if [ "${COMPARES:-yes}" = no ]; then
    flags=(--no-trace-compares)
    CARGO_TARGET_DIR=$out/plain
fi
binaries=$CARGO_TARGET_DIR/x86_64-unknown-linux-gnu/release

if ! command -v cargo-fuzz >/dev/null; then
    echo "fuzz: installing cargo-fuzz" >&2
    CARGO_TARGET_DIR=$out/tools cargo install cargo-fuzz --locked --quiet
fi
# Without a sanitizer: the code is safe Rust, and five times as many runs fit into an hour.
cargo fuzz build -s none "${flags[@]}" >&2
commit=$(git rev-parse --short=10 HEAD)
git diff --quiet HEAD -- . ':!fuzz/ledger.tsv' || commit+=-dirty

seconds=$(( minutes * 60 * jobs / ${#targets[@]} ))
(( seconds >= 5 )) || seconds=5
mkdir -p fuzz/artifacts "$out/found" "$out/logs"

one() {
    local target=$1 log="$out/logs/$1.log" start=$SECONDS findings=0 runs features
    fuzz/corpus.py unpack "$target" "$out/found/$target"
    "$binaries/$target" "$out/found/$target" -max_total_time="$seconds" -max_len=1024 \
        -timeout=30 -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="fuzz/artifacts/$target-" \
        >"$log" 2>&1 || findings=1
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    features=$(sed -n 's/.* ft: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    (
        flock 9
        printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$(date -u +%F)" "$commit" "$target" "${runs:-0}" \
            "$(( SECONDS - start ))" "${features:-0}" "$findings" >>fuzz/ledger.tsv
    ) 9>"$out/ledger.lock"
    (( findings == 0 )) || { echo "fuzz: $target: a finding, see $log and fuzz/artifacts/" >&2; return 1; }
    echo "fuzz: $target: ${runs:-0} runs, $(( SECONDS - start )) s, nothing found" >&2
}
export -f one
export binaries out seconds commit
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'one {}'
