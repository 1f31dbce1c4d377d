# Every task of the project. `make help` lists them; each makes its environment first (once, in .venv).

PYTHON ?= $(shell sh tools/find_python.sh)
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help install demo test test-page test-slow test-gpu lint format docs docs-serve reference bench clean

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): pyproject.toml tools/install.sh
	@sh tools/install.sh "$(PYTHON)" $(VENV)
	@touch $@

install: $(READY) ## Make .venv with Python 3.11 or newer and install everything into it
	@echo "ready: $(BIN)/shapespace"

demo: $(READY) ## Shapes within seconds, then a three-minute training run; all of it in ./demo
	@$(BIN)/shapespace demo --out demo

test: $(READY) ## Run the tests (about five minutes on two cores)
	@$(BIN)/python -m pytest -n $(WORKERS)

test-page: $(READY) ## Run the tests of the page in a real browser (needs Chromium)
	@$(BIN)/python -m pytest -n $(WORKERS) -m slow tests/web

test-slow: $(READY) ## Run the slow tests: full fuzzing, kills, short training runs
	@$(BIN)/python -m pytest -n $(WORKERS) -m "slow and not gpu" --timeout 3600

test-gpu: $(READY) ## Run the tests that need CUDA
	@$(BIN)/python -m pytest -m gpu

lint: $(READY) ## Check style, formatting, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/pyrefly check --summary=none
	@$(BIN)/lint-imports --no-logo

format: $(READY) ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

reference: $(READY) ## Write the generated pages of the documentation anew
	@$(BIN)/python tools/reference.py

docs: $(READY) ## Build the documentation into ./site and check it
	@$(BIN)/python tools/reference.py --check
	@$(BIN)/zensical build --clean --strict

docs-serve: $(READY) ## Show the documentation while writing it
	@$(BIN)/zensical serve

bench: $(READY) ## Run every benchmark and print its table; BENCH=--quick for a first impression
	@for script in $(filter-out benchmarks/common.py, $(wildcard benchmarks/*.py)); do \
	  $(BIN)/python $$script $(BENCH) || exit 1; \
	done

clean: ## Remove what was built; runs, demo and .venv stay
	@rm -rf build dist site .pytest_cache .ruff_cache .hypothesis .import_linter_cache .cache
	@find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +
