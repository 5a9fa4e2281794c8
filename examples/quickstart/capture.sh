#!/bin/bash
# Makes quickstart.pcap and truth.json in this folder: real HAProxy, a small shop behind it, real clients in front.
# Needs root, haproxy, tcpdump, curl, iproute2 and python3. Everything runs in namespaces of its own and ends with them.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

if [[ -z "${INSIDE:-}" ]]; then
    [[ $(id -u) == 0 ]] || { echo "capture.sh: needs root for network namespaces; run it with sudo" >&2; exit 77; }
    for tool in haproxy tcpdump curl ip python3; do
        command -v "$tool" >/dev/null || { echo "capture.sh: $tool is missing; install it first" >&2; exit 69; }
    done
    INSIDE=1 exec unshare --mount --net --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi

mount -t tmpfs tmpfs /run
work=$(mktemp -d /run/quickstart.XXXX)
ip link set lo up
ip netns add clients
ip link add gateway type veth peer name clients netns clients
ip address add 10.20.0.1/16 dev gateway
ip -6 address add fd00:20::1/64 dev gateway nodad
ip link set gateway up
ip -n clients link set lo up
ip -n clients link set clients up
for host in 1.{10..99} 2.1 3.5 3.7 4.9 5.{66..69}; do
    echo "address add 10.20.$host/16 dev clients"
done | ip -n clients -batch -
for host in {16..48}; do
    printf 'address add fd00:20::1:%x/64 dev clients nodad\n' "$host"
done | ip -n clients -batch -

python3 shop.py --listen 127.0.0.1 --port 9000 &
haproxy -db -f haproxy.cfg &
tcpdump -i gateway -q -U -s 0 -B 16384 -w "$work/quickstart.pcap" 'tcp port 80' 2>"$work/tcpdump.log" &
watcher=$!
for _ in {1..100}; do
    curl -sf -o /dev/null http://127.0.0.1:9000/health && grep -q 'listening' "$work/tcpdump.log" && break
    sleep 0.1
done
ip netns exec clients python3 people.py --target 10.20.0.1:80 --truth "$work/truth.json" "$@"
sleep 1
kill -INT "$watcher"
wait "$watcher" || true
cat "$work/tcpdump.log" >&2
install -m 0644 "$work/quickstart.pcap" "$work/truth.json" .
