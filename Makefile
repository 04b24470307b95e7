# The commands of this tree; `make` alone lists them. Each sets the machine up
# and builds first where it has to.

PRESET := release
BUILD := build/$(PRESET)
PYTHON := .venv/bin/python
JOBS ?= $(shell nproc)

.DEFAULT_GOAL := help
.PHONY: help setup build run test conformance lint format bench chaos sim planted coverage asan tsan fuzz clean

help: ## List these commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: ## Install what is missing: Debian packages, .venv
	@scripts/setup

build: setup ## Compile everything into build/release
	@scripts/build $(PRESET) -j $(JOBS)

run: setup ## Show the service at work on real flights; ARGS="--once --events 50000"
	@scripts/build $(PRESET) -j $(JOBS) streamerd python_modules
	@$(PYTHON) scripts/main_job $(ARGS)

test: build ## Run the C++ and the Python tests
	@scripts/test $(BUILD)

conformance: setup ## Run the public CEL vectors and print a table
	@scripts/build $(PRESET) -j $(JOBS) conformance
	@scripts/conformance $(BUILD)/bin/conformance

lint: build ## Check format, clang-tidy, ruff, mypy and that headers stand alone
	@scripts/lint

format: setup ## Rewrite C++ and Python sources in the agreed format
	@scripts/format

bench: build ## Run the benchmarks; BENCH=match for one, JSON in build/bench
	@scripts/bench $(BENCH)

chaos: build ## Kill, cut off, fill, damage what really runs; ROUNDS=10 SEED=1
	STREAMER_CHAOS_ROUNDS=$(or $(ROUNDS),10) STREAMER_CHAOS_SEED=$(or $(SEED),1) \
	  STREAMER_BUILD_DIR=$(CURDIR)/$(BUILD) PYTHONPATH=$(BUILD)/python \
	  $(PYTHON) -m pytest tests/py/chaos

sim: build ## Run the simulated world for many seeds; SEEDS=2000 FIRST=1
	STREAMER_BUILD_DIR=$(CURDIR)/$(BUILD) $(PYTHON) tests/py/sim/simulation.py \
	  --seeds $(or $(SEEDS),2000) --first $(or $(FIRST),1)

planted: setup ## Plant known bugs and let the simulation find them; SEEDS=2000
	$(PYTHON) tests/py/sim/planted.py --seeds $(or $(SEEDS),2000)

coverage: setup ## Measure line coverage per folder; below 80 % fails
	@scripts/build coverage -j $(JOBS)
	@scripts/coverage

asan: setup ## Run the C++ tests under address and undefined sanitizers
	@scripts/sanitize asan -j $(JOBS)

tsan: setup ## Run the C++ tests under the thread sanitizer
	@scripts/sanitize tsan -j $(JOBS)

fuzz: setup ## Fuzz what reads bytes from outside; SECONDS=60 for each fuzzer
	@scripts/fuzz $(or $(SECONDS),60) -j $(JOBS)

clean: ## Remove everything that was built; .venv stays
	rm -rf build dist
