# Everything a newcomer needs: `make up`, `make test`, `make demo`. Python 3.11 and make are enough.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] < (3,15))' \
  && { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMP := $(VENV)/.installed
# compileall does not follow the links in the package.
SOURCES := src/prefect_luthier ai_builder blocks deployments flows rmos ui

.PHONY: help up down status test demo check bench install browser promtool lock clean

help: ## Show this list.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

up: install ## Start database, Prefect server, worker and builder; Ctrl-C stops everything.
	$(BIN)/luthier up

down: install ## Stop a stack that runs in the background.
	$(BIN)/luthier down

status: install ## Show what runs where.
	$(BIN)/luthier status

test: install browser promtool ## Run the whole suite, the browser tests included.
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST)

demo: install ## Do the main job without a browser and print each stage.
	sh docs/tutorial/demo.sh $(BIN)/luthier

check: install ## Lint, types, and the floors that imports may not climb.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: install ## Measure the speed promises, each against a baseline in the same run.
	$(BIN)/python tests/benchmarks/validate_speed.py
	$(BIN)/python tests/benchmarks/run_overhead.py
	$(BIN)/python tests/benchmarks/effect_overhead.py

install: $(STAMP) ## Create .venv and install the locked packages into it.

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Luthier needs Python 3.11 to 3.14. Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV) (about a minute, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet 'uv>=0.5'
	@$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m compileall -q $(SOURCES)
	@touch $(STAMP)

browser:
	@command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    echo "Installing chromium for the browser tests"; \
	    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y chromium >/dev/null; \
	  else \
	    echo "No chromium here: the browser tests will be skipped. Install it with your package manager to run them." >&2; \
	  fi; }

# Only the tool is taken out of the package: installing it would start a Prometheus.
promtool: install
	@command -v promtool >/dev/null 2>&1 || test -x $(VENV)/promtool/usr/bin/promtool || \
	  { cd $(VENV) && rm -rf promtool prometheus_*.deb && { [ "$$(id -u)" != 0 ] || apt-get -qq update; } \
	    && apt-get -qq download prometheus 2>/dev/null \
	    && dpkg -x prometheus_*.deb promtool && rm -f prometheus_*.deb; } || \
	  echo "No promtool (of Prometheus) here: the tests of the alerts will be skipped." >&2

lock: install ## Resolve the dependencies anew and write requirements.lock.
	$(UV) pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade \
	  --generate-hashes --no-emit-index-url --quiet -o requirements.lock

clean: ## Remove the virtual environment and caches; data stays.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build src/*.egg-info
