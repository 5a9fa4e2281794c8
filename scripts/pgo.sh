#!/bin/bash
# The binary for production: built with counters first, then by what they counted (profile-guided optimisation). Trained on
# what the project makes itself: a day of three simulated worlds, the capture of the quick start, the sealed ones of tests.
# Leaves target/pgo/sidewatch.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
export PATH="$HOME/.cargo/bin:$PATH"

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
host=$(rustc -vV | sed -n 's/^host: //p')
merge=$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata
if [[ ! -x $merge ]] && ! rustup component add llvm-tools >&2; then
    echo "pgo: llvm-profdata is missing; install it: rustup component add llvm-tools" >&2
    exit 69
fi
mkdir -p "$target/pgo"
work=$(mktemp -d "$target/pgo/training.XXXX")
trap 'rm -rf "$work"' EXIT

# build NAME FLAG: with --target, so that build scripts and macros stay as they are.
build() {
    echo "pgo: building: $1" >&2
    RUSTFLAGS="${RUSTFLAGS:-} $2" cargo build --release --locked --package sidewatch-daemon --target "$host" \
        --target-dir "$target/pgo/$1"
    binary=$target/pgo/$1/$host/release/sidewatch
}

# train ARGUMENTS...: one run, whose counts are added to those before.
train() {
    LLVM_PROFILE_FILE="$work/%m.profraw" "$binary" --log-level warn "$@" >/dev/null
}

build counting -Cprofile-generate
keys=(tests/data/tls/*.keys)
sealed=("${keys[@]/%.keys/.pcap}")
cat "${keys[@]}" >"$work/keys"
for world in shop bank suite; do
    LLVM_PROFILE_FILE=/dev/null "$binary" --log-level warn sim --world $world --seed 31 --principals 2000 --days 1 --attack all=1 \
        --limit 60000 --pcap "$work/$world.pcap" --calls "$work/$world.ndjson"
    train replay --quiet "$work/$world.ndjson"
    for capture in "$work/$world.pcap" examples/quickstart/quickstart.pcap; do
        train decode "$capture"
        train decode --bodies "$capture"
        train replay --quiet "$capture"
    done
    # Small ones, many times: all that reads TLS and HTTP/2.
    train decode --bodies --keys "$work/keys" "${sealed[@]}" "${sealed[@]}" "${sealed[@]}" "${sealed[@]}"
    rm "$work/$world".*
done
# Days that end, cohorts, daily maxima: what a replay of one day does not come to.
train eval --seeds 31 --principals 200 --days 9 --instances 1 --out "$work/eval"
"$merge" merge -o "$target/pgo/profile" "$work"/*.profraw

# Cargo does not see that a profile changed.
rm -rf "$target/pgo/trained"
build trained "-Cprofile-use=$target/pgo/profile"
cp "$binary" "$target/pgo/sidewatch"
ls -l "$target/pgo/sidewatch" >&2
