# What people do with this folder. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)
TARGET := $(or $(CARGO_TARGET_DIR),target)
# Where a child process should not ask questions.
export DEBIAN_FRONTEND := noninteractive

.PHONY: help demo demo-live test lint deny bench build release fuzz eval eval-quick eval-release

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## the optimised binary, in target/release/sidewatch
	@scripts/setup.sh build
	cargo build --release --locked --package sidewatch-daemon

release: ## the binary for production, laid out by what runs most, in target/pgo/sidewatch; about a quarter of an hour on two cores
	@scripts/setup.sh build
	scripts/pgo.sh

demo: build ## replays a recorded shop with four attackers and shows who was found and why
	$(TARGET)/release/sidewatch replay examples/quickstart/*.pcap

demo-live: build ## a small network with HAProxy, clients and an attacker; needs root
	@scripts/setup.sh test
	SIDEWATCH_BIN=$(abspath $(TARGET)/release/sidewatch) examples/live/demo-live.sh

test: lint ## lint and every test; parts that need root say so when skipped
	cargo test --workspace --locked

lint: ## formatting, clippy without warnings, licences and sources of dependencies
	@scripts/setup.sh test
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	@$(MAKE) --no-print-directory deny

# cargo-deny takes minutes to build, so it is asked only where it is installed: cargo install cargo-deny --locked
deny:
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; \
	else echo "lint: cargo-deny is not installed: licences and sources of dependencies not checked"; fi

bench: build ## CPU per call beside tcpdump and tshark, of BINARY=target/release/sidewatch; root for making captures from real nginx and wrk
	@scripts/setup.sh bench
	cargo bench --package sidewatch-engine --locked
	bench/make-captures.sh
	bench/run.py --binary $(abspath $(or $(BINARY),$(TARGET)/release/sidewatch))
	$(or $(BINARY),$(TARGET)/release/sidewatch) bench out/bench/keepalive.pcap

eval-quick: build ## the gate of detection quality: small simulated worlds for ten days, and smaller ones for five weeks
	$(TARGET)/release/sidewatch --log-level warn eval --quick --stability --gate bench/quality.toml
	$(TARGET)/release/sidewatch --log-level warn eval --seeds 106 --principals 600 --days 36 --instances 2 \
		--attacks bola_slow,bola_fast,ransom_delete,slow_exfil_x3,insider,night_bot --gate bench/quality-long.toml

eval: build ## detection quality in full, for SEEDS=100..103; report in out/eval; about 75 minutes on two cores
	$(TARGET)/release/sidewatch eval --seeds $(or $(SEEDS),100..103) --principals 5000 --days 20 --instances 2 \
		--budget 2 --budget 0.2 --budget 20 --baselines --variants --stability --out out/eval

eval-release: build ## five million client-days, kinds that nobody tuned on too; about 75 minutes on two cores; only before a release
	$(TARGET)/release/sidewatch eval --seeds 1000..1023 --principals 5000 --days 20 --instances 1 --held-out --out out/eval-release

fuzz: ## every fuzz target for MINUTES=10 in all, on all cores; adds to fuzz/ledger.tsv
	@scripts/setup.sh build
	MINUTES=$(or $(MINUTES),10) fuzz/run.sh
