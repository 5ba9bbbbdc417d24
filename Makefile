# Every target does all of its own set-up. `make` alone prints this help.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help
help: ## print this help
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do \
	  printf '  make %-10s %s\n' "$$name" "$$text"; done

.PHONY: install
install: $(READY) ## system packages, virtual environment and the atoll command (.venv/bin/atoll)

$(READY): pyproject.toml tools/system-packages
	@tools/system-packages
	@[ -x $(BIN)/python ] || tools/make-venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[clients,dev]'
	@touch $@

.PHONY: demo
demo: install ## build three articles (ENIs, the bank, a load balancer whose zone fails), every claim tried in packets
	@$(BIN)/atoll up
	@$(BIN)/atoll demo eni
	@$(BIN)/atoll demo bank
	@$(BIN)/atoll demo nlb

.PHONY: test
test: install ## all tests, those with real packets included
	@tools/run-tests $(BIN)/python

WITNESS ?=
.PHONY: witness
witness: install ## a million real packets on 2,000 random designs, against three predictions (WITNESS='--designs 50')
	@$(BIN)/python -m tests.witness.campaign $(WITNESS)

.PHONY: check
check: install ## ruff, mypy --strict and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: run 'make format'"; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: format
format: install ## format the code
	@$(BIN)/ruff format .

.PHONY: bench
bench: install ## the benchmarks of docs/benchmarks.md
	@for file in $$(grep -l __main__ bench/*.py); do \
	  echo "== $$file"; $(BIN)/python -m "bench.$$(basename "$$file" .py)" || exit 1; done

.PHONY: gen
gen: install ## make the data files and docs/coverage.md anew
	@$(BIN)/python tools/make_shapes.py
	@$(BIN)/python tools/make_coverage.py

.PHONY: clean
clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
