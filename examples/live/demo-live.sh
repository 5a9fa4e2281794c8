#!/bin/bash
# The whole chain on one machine: clients, HAProxy with the rules of ../haproxy, a shop, a mirror port, Sidewatch on it.
# An attacker with a valid token walks through other customers' orders; seconds later HAProxy refuses that token.
# Needs root. Everything runs in namespaces of its own and ends with them. Exit code 0: the attacker was refused and
# nobody else; 1: not so; 77: rights missing; 69: a tool is missing.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(dirname "$(dirname "$here")")
export PATH="$PATH:/usr/sbin:/sbin"

if [[ -z "${INSIDE:-}" ]]; then
    [[ $(id -u) == 0 ]] || { echo "demo-live: needs root for network namespaces; run it with sudo" >&2; exit 77; }
    for tool in haproxy tc ip unshare curl python3; do
        command -v "$tool" >/dev/null || { echo "demo-live: $tool is missing; install it first" >&2; exit 69; }
    done
    unshare --mount --net true 2>/dev/null || { echo "demo-live: this machine allows no namespaces" >&2; exit 77; }
    for binary in "${SIDEWATCH_BIN:-}" "$root/target/release/sidewatch" "$root/target/debug/sidewatch"; do
        [[ -x $binary && -f $binary ]] && break
    done
    [[ -x $binary ]] || { echo "demo-live: no sidewatch binary; run make build, or set SIDEWATCH_BIN" >&2; exit 69; }
    # When this process is gone, so is every process inside, and with the last one networks and mounts.
    INSIDE=1 SIDEWATCH_BIN=$(readlink -f "$binary") \
        exec unshare --mount --net --pid --fork --kill-child --mount-proc bash "$(readlink -f "$0")" "$@"
fi

seconds=${SECONDS_TOTAL:-32}
attack_after=${ATTACK_AFTER:-16}
mount -t tmpfs tmpfs /run
work=$(mktemp -d /run/live.XXXX)
export PYTHONDONTWRITEBYTECODE=1
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; umount -l /run 2>/dev/null' EXIT

say() { printf '\n== %s\n' "$*"; }

say "network: clients -- HAProxy -- shop, and a mirror port to the sensor"
for name in clients shop sensor; do
    ip netns add $name
    ip -n $name link set lo up
done
ip link set lo up
ip link add gateway type veth peer name clients netns clients
ip link add inner type veth peer name shop netns shop
ip link add mirror type veth peer name span netns sensor
ip address add 10.20.0.1/16 dev gateway
ip -6 address add fd00:20::1/64 dev gateway nodad
ip address add 10.30.0.1/24 dev inner
ip -n shop address add 10.30.0.2/24 dev shop
ip link set gateway up
ip link set inner up
ip link set mirror up
ip -n clients link set clients up
ip -n shop link set shop up
ip -n sensor link set span up
for host in 1.{10..99} 2.1 3.5 3.7 4.9 5.{66..69}; do
    echo "address add 10.20.$host/16 dev clients"
done | ip -n clients -batch -
for host in {16..48}; do
    printf 'address add fd00:20::1:%x/64 dev clients nodad\n' "$host"
done | ip -n clients -batch -
tc qdisc add dev gateway clsact
for way in ingress egress; do
    tc filter add dev gateway $way protocol all u32 match u32 0 0 action mirred egress mirror dev mirror
done

say "the shop, HAProxy with the rules of examples/haproxy, and Sidewatch on the mirror port"
mkdir -p "$work/maps"
for map in "$root"/examples/haproxy/maps/*.map; do
    : >"$work/maps/$(basename "$map")"
done
sed -e "s#/etc/haproxy/sidewatch#$work/maps#g" \
    -e "s#/run/haproxy/admin.sock#$work/admin.sock#" \
    -e 's#bind :8080#bind 10.20.0.1:80\n    bind fd00:20::1:80#' \
    -e 's#127.0.0.1:9000#10.30.0.2:9000#' \
    "$root/examples/haproxy/haproxy.cfg" >"$work/haproxy.cfg"
cat >"$work/sidewatch.toml" <<TOML
mode = "enforce"

[capture]
interface = "span"
filter = "tcp port 80"

[state]
directory = "$work/state"

[soclog]
path = "$work/soc.ndjson"

[[gateways]]
name = "edge"
kind = "haproxy"
address = "$work/admin.sock"
maps = "$work/maps"
TOML
ip netns exec shop python3 "$root/examples/quickstart/shop.py" --listen 10.30.0.2 --port 9000 &
haproxy -db -f "$work/haproxy.cfg" >"$work/haproxy.log" 2>&1 &
ip netns exec sensor "$SIDEWATCH_BIN" run -c "$work/sidewatch.toml" >"$work/sidewatch.out" 2>"$work/sidewatch.log" &
sidewatch=$!
ready=
for _ in {1..100}; do
    if ip netns exec clients curl -sf -o /dev/null http://10.20.0.1/health && [[ -S $work/state/control.sock ]]; then
        ready=1
        break
    fi
    kill -0 $sidewatch 2>/dev/null || break
    sleep 0.1
done
if [[ -z $ready ]]; then
    echo "demo-live: HAProxy, the shop or Sidewatch did not start" >&2
    cat "$work/haproxy.log" "$work/sidewatch.log" >&2
    exit 1
fi

say "$attack_after seconds of ordinary customers; then one of them walks through other customers' orders"
ip netns exec clients python3 "$root/examples/quickstart/people.py" --target 10.20.0.1:80 --truth "$work/truth.json" \
    --seconds "$seconds" --attack-after "$attack_after" --pace 4 --attackers enumerator "$@"

say "what Sidewatch says"
ip netns exec sensor "$SIDEWATCH_BIN" -c "$work/sidewatch.toml" verdicts --live || true
kill -TERM $sidewatch
wait $sidewatch || true
grep -h '"event":"verdict"' "$work/soc.ndjson" | head -n 5 | python3 -c '
import json, sys
for line in sys.stdin:
    verdict = json.loads(line)
    print(verdict["action"], "--", verdict["reason"])' || true

say "what the clients saw"
if ! python3 - "$work/truth.json" "$attack_after" <<'PY'
import json, sys
truth, attack_after = json.load(open(sys.argv[1])), float(sys.argv[2])
attacker = truth["attackers"]["enumerator"]
innocent = {name: one for name, one in truth["people"].items() if one["refused"]}
calls = sum(one["calls"] for one in truth["people"].values())
statuses = ", ".join(f"{n} x {status}" for status, n in sorted(attacker["statuses"].items()))
print(f"attacker: {statuses}; refused by HAProxy {attacker['refused']} times", end="")
if attacker["first_refused"]:
    print(f", first {attacker['first_refused'] - attack_after:.1f} s after the first foreign order")
else:
    print()
print(f"everybody else: {len(truth['people'])} clients, {calls} calls, {sum(one['refused'] for one in innocent.values())} refused")
for name, one in innocent.items():
    print(f"  wrongly refused: {name} at {', '.join(one['addresses'])}, {one['refused']} times")
refused_rightly = attacker["statuses"].get("403", 0) > 0 and attacker["first_refused"] >= attack_after
sys.exit(0 if refused_rightly and not innocent else 1)
PY
then
    echo "demo-live: NOT as it should be; Sidewatch's last words:" >&2
    tail -n 20 "$work/sidewatch.log" >&2
    tail -n 3 "$work/soc.ndjson" >&2 || true
    exit 1
fi
say "the attacker's token is refused, the others never noticed"
