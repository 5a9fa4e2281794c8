#!/bin/bash
# Makes the captures that bench/run.py measures on, from real nginx, wrk, hey and h2load over veth at MTU 1500 with
# offloads off:
#   out/bench/keepalive.pcap  (>= 500 MB; kept-alive connections, many bearer tokens, paths with ids)
#   out/bench/short.pcap      (one transaction a connection)
#   out/bench/large.pcap      (bodies of 1 MB)
#   out/bench/h2.pcap         (200 000 streams of plaintext HTTP/2)
# each with nginx's access log as the truth (keepalive.log and so on: method TAB path TAB status).
# Leaves existing captures alone; remove out/bench for new ones. Needs root; everything runs in namespaces of its own.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
export PATH="$PATH:/usr/sbin:/sbin"
out=${BENCH_OUT:-$(dirname "$here")/out/bench}
mkdir -p "$out"
missing=()
for name in keepalive short large h2; do [[ -s $out/$name.pcap ]] || missing+=("$name"); done
if (( ${#missing[@]} == 0 )); then
    echo "make-captures: $out has them already" >&2
    exit 0
fi

if [[ -z "${INSIDE:-}" ]]; then
    [[ $(id -u) == 0 ]] || { echo "make-captures: needs root for network namespaces; run it with sudo" >&2; exit 77; }
    for tool in nginx wrk hey h2load tcpdump ip; do
        command -v "$tool" >/dev/null || { echo "make-captures: $tool is missing; install it first" >&2; exit 69; }
    done
    INSIDE=1 BENCH_OUT=$out exec unshare --mount --net --pid --fork --kill-child --mount-proc bash "$(readlink -f "$0")" "$@"
fi

mount -t tmpfs tmpfs /run
work=$(mktemp -d /run/bench.XXXX)
chmod 755 "$work"
ip link set lo up
ip netns add clients
ip link add server mtu 1500 type veth peer name clients mtu 1500 netns clients
for setting in tx rx sg tso gso gro; do
    ethtool -K server $setting off >/dev/null 2>&1 || true
    ip netns exec clients ethtool -K clients $setting off >/dev/null 2>&1 || true
done
# Without ethtool the same is said to the link itself.
ip link set server gso_max_segs 1 gso_max_size 1500 2>/dev/null || true
ip -n clients link set clients gso_max_segs 1 gso_max_size 1500 2>/dev/null || true
ip address add 10.40.0.1/16 dev server
ip link set server up
ip -n clients link set clients up
ip -n clients address add 10.40.0.2/16 dev clients

cat >"$work/nginx.conf" <<NGINX
worker_processes 1;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 4096; }
http {
    log_format truth '\$request_method\t\$uri\t\$status';
    access_log $work/access.log truth buffer=256k flush=1s;
    default_type application/json;
    client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
    keepalive_requests 1000000;
    server {
        listen 10.40.0.1:80 backlog=4096;
        listen 10.40.0.1:81 http2 backlog=4096;
        location ~ ^/api/orders/(?<n>[0-9]+)\$ {
            return 200 '{"id":\$n,"customer_id":\$n,"state":"shipped","lines":[$(printf '{"product_id":%d,"quantity":2,"price":19.90},' {101..122}){"product_id":7}]}';
        }
        location = /api/orders { return 200 '{"orders":[$(printf '{"id":%d,"state":"paid"},' {48213..48262}){"id":1}]}'; }
        location /api/products/ { return 200 '{"product_id":17,"name":"Article","text":"$(printf 'lorem ipsum %d ' {1..60})"}'; }
        location /api/accounts/ { return 200 '{"name":"amal","city":"Lindau"}'; }
        location /files/ { root $work; }
        location / { return 404 '{"error":"not found"}'; }
    }
}
NGINX
mkdir "$work/files"
for n in {1..8}; do head -c 1000000 /dev/urandom >"$work/files/$n.bin"; done
nginx -c "$work/nginx.conf"

cat >"$work/load.lua" <<'LUA'
-- Five thousand bearer tokens, each with orders and an account of its own; one call in fifty leads nowhere.
local agents = { "ShopApp/5.2.1 (Android 14; Pixel 8)", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0" }
local seed = 0
function setup(thread) seed = seed + 1 thread:set("seed", seed) end
function init() math.randomseed(seed) end
function request()
    local who = math.random(5000)
    local dice = math.random(50)
    local path = "/api/missing"
    if dice <= 22 then path = "/api/orders/" .. (100000 + who * 8 + math.random(0, 7))
    elseif dice <= 30 then path = "/api/orders"
    elseif dice <= 44 then path = "/api/products/" .. math.random(400)
    elseif dice <= 49 then path = string.format("/api/accounts/%08x-1c2d-4e3f-8a9b-%012x", who * 7919, who)
    end
    local token = string.format("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.%064x.%043x", who * 1000003, who * 7)
    return wrk.format("GET", path, {
        ["Host"] = "shop.example",
        ["Authorization"] = "Bearer " .. token,
        ["User-Agent"] = agents[who % 2 + 1],
        ["Accept"] = "application/json",
        ["Connection"] = close,
    })
end
LUA
sed 's/^local seed = 0/local seed = 0\nclose = "close"/' "$work/load.lua" >"$work/close.lua"

# record NAME BYTES-MIN command...: repeats the command until the capture has that size.
record() {
    local name=$1 bytes_min=$2
    shift 2
    [[ ! -s $out/$name.pcap ]] || return 0
    : >"$work/access.log"
    kill -USR1 "$(cat "$work/nginx.pid")"
    tcpdump -i server -q -s 0 -B 262144 -w "$out/$name.part" 'tcp port 80 or tcp port 81' 2>"$work/tcpdump.log" &
    local watcher=$!
    until grep -q listening "$work/tcpdump.log"; do sleep 0.1; done
    while (( $(stat -c %s "$out/$name.part" 2>/dev/null || echo 0) < bytes_min )); do
        ip netns exec clients "$@" >"$work/load.log"
    done
    sleep 2
    kill -INT "$watcher"
    wait "$watcher" || true
    kill -USR1 "$(cat "$work/nginx.pid")"
    sleep 2
    cat "$work/tcpdump.log" >&2
    if ! grep -q '^0 packets dropped by kernel' "$work/tcpdump.log"; then
        echo "make-captures: $name: frames were dropped while recording; try again on a quieter machine" >&2
        exit 1
    fi
    cp "$work/access.log" "$out/$name.log"
    mv "$out/$name.part" "$out/$name.pcap"
}

# Big bodies by hey, one file after the other.
files() {
    for n in {1..8}; do hey -n 112 -c 16 "http://10.40.0.1/files/$n.bin"; done
}
export -f files
# Streams by h2load: 64 tokens in 64 groups of connections, 16 streams at a time.
streams() {
    for n in {1..16}; do
        token=$(printf 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.%064x.%043x' $(( n * 1000003 )) $(( n * 7 )))
        printf "http://10.40.0.1:81/api/orders/%d\n" $(( 100000 + n * 8 )) $(( 100001 + n * 8 )) $(( 100002 + n * 8 )) >"$WORK/uris"
        printf "http://10.40.0.1:81/api/products/%d\nhttp://10.40.0.1:81/api/orders\n" "$n" >>"$WORK/uris"
        h2load -n 12500 -c 8 -m 16 -H "authorization: Bearer $token" -H 'user-agent: ShopApp/5.2.1' -i "$WORK/uris"
    done
}
export -f streams
export WORK=$work

record keepalive 520000000 wrk -t 2 -c 64 -d 8s -s "$work/load.lua" http://10.40.0.1/
record short 100000000 wrk -t 2 -c 32 -d 5s -s "$work/close.lua" http://10.40.0.1/
record large 100000000 bash -c files
record h2 100000000 bash -c streams
ls -l "$out" >&2
