#!/bin/bash
# Replays a capture over veth to a live `sidewatch decode -i` and to a live `sidewatch run`: at 1 Gbit/s, and as fast as this
# machine can send. Prints what was lost, how many calls came out, and the share of a core. Needs root; everything runs in
# namespaces of its own.
# usage: live.sh SIDEWATCH CAPTURE [MBPS...]      (default: 1000 top)
set -euo pipefail
binary=$(readlink -f "$1") capture=$(readlink -f "$2")
shift 2
speeds=("$@")
(( $# )) || speeds=(1000 top)
export PATH="$PATH:/usr/sbin:/sbin"
if [[ -z "${INSIDE:-}" ]]; then
    [[ $(id -u) == 0 ]] || { echo "live: needs root for network namespaces; run it with sudo" >&2; exit 77; }
    command -v tcpreplay >/dev/null || { echo "live: tcpreplay is missing; install it first" >&2; exit 69; }
    INSIDE=1 exec unshare --mount --net --pid --fork --kill-child --mount-proc bash "$(readlink -f "$0")" "$binary" "$capture" "${speeds[@]}"
fi

mount -t tmpfs tmpfs /run
sysctl -qw net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
work=$(mktemp -d /run/live.XXXX)
ip link add mirror mtu 9000 type veth peer name sender mtu 9000
ip link set mirror up
ip link set sender up
printf '[capture]\nring_mib = 256\n[state]\ndirectory = "%s/state"\n[limits]\nmemory_mib = 1024\n' "$work" >"$work/toml"
"$binary" decode "$capture" 2>"$work/file" >/dev/null
echo "  from the file: $(cat "$work/file")"

seconds() { awk -v hz="$(getconf CLK_TCK)" '{ printf "%.2f", ($14 + $15) / hz }' "/proc/$1/stat"; }
share() { awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { printf "%.0f", (b - a) / t * 100 }'; }

for what in decode run; do
    for speed in "${speeds[@]}"; do
        rm -rf "$work/state"
        "$binary" "$what" -c "$work/toml" -i mirror >"$work/out" 2>"$work/log" &
        daemon=$!
        until grep -qE ' start |reading mirror' "$work/log"; do sleep 0.1; kill -0 "$daemon"; done
        sleep 1
        before=$(seconds "$daemon")
        how=(--topspeed)
        [[ $speed == top ]] || how=("--mbps=$speed")
        tcpreplay --quiet -K "${how[@]}" -i sender "$capture" >"$work/replay" 2>&1 || true
        rate=$(sed -n 's/^Rated: .* \([0-9.]*\) Mbps.*/\1/p' "$work/replay")
        took=$(sed -n 's/^Actual: .* in \([0-9.]*\) seconds.*/\1/p' "$work/replay")
        sleep 3
        after=$(seconds "$daemon")
        kill -INT "$daemon"
        for _ in {1..200}; do kill -0 "$daemon" 2>/dev/null || break; sleep 0.1; done
        if kill -KILL "$daemon" 2>/dev/null; then echo "live: $what did not end within 20 s of being told to" >&2; exit 1; fi
        wait "$daemon" || true
        told=$(tail -1 "$work/log")
        [[ $what == decode ]] || told=$(python3 - "$work/state/soc.ndjson" <<'PY'
import json, sys
health = [line for line in map(json.loads, open(sys.argv[1], encoding="utf-8")) if line["event"] == "health"][-1]
print(f"{health['frames']} frames, {health['calls']} calls judged; losses: {health.get('losses', {})}")
PY
        )
        echo "$what at $speed (sent $rate Mbit/s for $took s): $(share "$before" "$after" "$took") % of a core; $told"
    done
done
