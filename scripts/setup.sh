#!/bin/bash
# Installs what is missing on a Debian machine: `setup.sh build` for building and `make demo`, `setup.sh test` for
# `make test` and `make demo-live`, `setup.sh bench` for `make bench`. Installs nothing that is there already, and needs root or sudo only then.
set -euo pipefail

wanted=${1:-build}
missing=()

# need PROGRAM-OR-FILE PACKAGE
need() {
    if [[ $1 == /* ]]; then
        compgen -G "$1" >/dev/null || missing+=("$2")
    else
        PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null || missing+=("$2")
    fi
}

need '/usr/include/pcap/pcap.h' libpcap-dev
need cc gcc
need pkg-config pkg-config
if [[ $wanted != build ]]; then
    need haproxy haproxy
    need nginx nginx-light
    need tshark tshark
    need tcpdump tcpdump
    need ip iproute2
    need unshare util-linux
    need curl curl
    need git git
    need python3 python3
fi
if [[ $wanted == bench ]]; then
    need wrk wrk
    need hey hey
    need h2load nghttp2-client
    need tcpreplay tcpreplay
    need ethtool ethtool
fi

if (( ${#missing[@]} )); then
    run=()
    if [[ $(id -u) != 0 ]]; then
        if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
            echo "setup.sh: missing: ${missing[*]}; install them as root: apt-get install ${missing[*]}" >&2
            exit 77
        fi
        run=(sudo)
    fi
    if ! command -v apt-get >/dev/null; then
        echo "setup.sh: missing: ${missing[*]} (Debian's names); install them with this system's package manager" >&2
        exit 69
    fi
    echo "setup.sh: installing ${missing[*]}" >&2
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null >&2
    "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >&2
fi

if ! command -v cargo >/dev/null && [[ ! -x $HOME/.cargo/bin/cargo ]]; then
    echo "setup.sh: Rust is missing (1.90 or newer); see https://rustup.rs" >&2
    exit 69
fi
