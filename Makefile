# Every target sets up what it needs in .venv from the lock; `make demo` and `make test` each work alone.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "%-16s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

setup: $(READY)  ## Create .venv with everything the lock pins

demo: $(READY)  ## Run the main job on the built-in sandbox and show where the report is
	$(BIN)/parity demo

test: check  ## Run every check and test

check: lint types sql imports unit  ## What CI runs: ruff, mypy, sqlfluff, import-linter, pytest with coverage

lint: $(READY)  ## Ruff: style and likely bugs
	$(BIN)/ruff format --check parity_pipeline tests benchmarks
	$(BIN)/ruff check parity_pipeline tests benchmarks

types: $(READY)  ## Mypy, strict
	$(BIN)/mypy

sql: $(READY)  ## Sqlfluff over the models
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar sql

imports: $(READY)  ## Import-linter: who may import whom
	$(BIN)/lint-imports

unit: $(READY)  ## Pytest on two cores, with branch coverage; every fault end to end without it, which is twice as fast
	$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term --cov-fail-under=95 --ignore=tests/end_to_end/test_faults.py
	$(BIN)/pytest -n 2 --dist worksteal tests/end_to_end/test_faults.py

accuracy: $(READY)  ## Measure how right the pipeline is: every fault of the sandbox, against what is true
	$(BIN)/python -m benchmarks.accuracy

fail-open: $(READY)  ## Measure that a run which sees less than everything never ends GO
	$(BIN)/python -m benchmarks.fail_open

bench-extraction: $(READY)  ## Measure how fast and how sparing a pull is, against the sandbox server
	$(BIN)/python -m benchmarks.extraction

bench: $(READY)  ## Measure everything after landing, at several sizes of company
	$(BIN)/python -m benchmarks.compute

format: $(READY)  ## Rewrite Python and SQL in the house style
	$(BIN)/ruff format parity_pipeline tests benchmarks
	$(BIN)/ruff check --fix parity_pipeline tests benchmarks
	$(BIN)/sqlfluff fix --processes 2 --disable-progress-bar sql

dev: $(READY)  ## Dagster's UI on 127.0.0.1:3000
	mkdir -p .dagster && cp dagster.yaml .dagster/
	DAGSTER_HOME=$$(pwd)/.dagster $(BIN)/dagster dev -h 127.0.0.1

lock: $(READY)  ## Resolve pyproject.toml anew into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --extra dev-ui --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-strip-extras --upgrade --quiet -o requirements.lock

.PHONY: help setup demo test check lint types sql imports unit accuracy fail-open bench-extraction bench format dev lock
