# Everything a developer runs, from a bare checkout with python3 (3.11 or newer) and make.
# `make PYTHON=python3.13 test` takes another interpreter; `make VENV=.venv-3.13 …` keeps its environment apart.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT := build/weather
PYTEST_ARGS ?= -q -n auto --dist loadfile
FUZZ_SECONDS ?= 600
FUZZ_REQUESTS ?= 10000

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check format conformance fuzz fuzz-api bench crash soak docs serve-docs wheel clean

help: ## these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1|\2/' | column -t -s '|' 2>/dev/null || grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

# --- the environment, in two steps: what a user installs, and what a developer needs on top ---

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Penstock needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade 'pip>=25.1'

$(VENV)/.installed: pyproject.toml examples/weather/requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install -q -e .
	$(BIN)/python -m pip install -q --no-deps -r examples/weather/requirements.txt
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.installed
	$(BIN)/python -m pip install -q --group dev
	@touch $@

setup: $(VENV)/.installed-dev ## the environment in .venv, with every tool

# --- what one does with it ---

demo: $(VENV)/.installed ## run the weather example and print its report and its output
	@mkdir -p $(OUT)
	@$(BIN)/penstock run examples/weather/project.py --input @examples/weather/input.json > $(OUT)/output.json
	@cat $(OUT)/report.txt
	@echo
	@cat $(OUT)/output.json

test: $(VENV)/.installed-dev ## all tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/.installed-dev ## format, lint, types, the floors of the architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.installed-dev ## rewrite the files as `make check` wants them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

conformance: $(VENV)/.installed-dev ## how close we are to AWS, a table per area of ../shared/conformance
	$(BIN)/python -m tests.conformance

fuzz: $(VENV)/.installed-dev ## mutated machines, inputs and expressions for FUZZ_SECONDS (600)
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

fuzz-api: $(VENV)/.installed-dev ## each operation of the API, FUZZ_REQUESTS (10000) requests made from its model
	$(BIN)/python -m tests.fuzz.api --requests $(FUZZ_REQUESTS)

bench: $(VENV)/.installed-dev ## the workloads, beside moto, aws-local-stepfunctions, moto_server and DBOS
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.overhttp
	$(BIN)/python -m benchmarks.durable

crash: $(VENV)/.installed-dev ## a real server killed at every place and 200 moments, then 1,000 seeds of the simulator (an hour)
	$(BIN)/python -m tests.crash
	$(BIN)/python -m tests.engine.test_simulator --seeds 1000

soak: $(VENV)/.installed-dev ## 200,000 executions through a file, and 10,000 that wait for a year
	$(BIN)/python -m tests.crash.soak
	$(BIN)/python -m tests.crash.soak --waiting 10000

docs: $(VENV)/.installed-dev ## the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

serve-docs: $(VENV)/.installed-dev ## the documentation while you write it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

wheel: $(VENV)/.installed ## what is published, in dist/
	$(BIN)/python -m pip wheel -q --no-deps -w dist .

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
