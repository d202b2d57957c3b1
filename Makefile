# make demo   hospital messages in, FHIR and clause-cited decisions out (into demo-out/)
# make test   all tests
# Needs Python 3.11 or later, make and a network; everything else goes into .venv from requirements.lock.

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
READY := $(VENV)/.ready
ARGS ?=

.PHONY: help demo test lint types layers check docs bench fuzz wheel lock clean

help:
	@sed -n '1,3p' Makefile
	@echo "# also: make lint types layers check docs bench fuzz wheel lock clean"

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later was not found; give it with: make PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "a virtual environment could not be made (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)
	$(BIN)/fhir-hr demo --out demo-out $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

check: lint types layers

docs: $(READY)
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -b html docs site $(ARGS)

bench: $(READY)
	@for each in tests/benchmarks/bench_*.py; do echo "== $$each"; $(BIN)/python $$each $(ARGS) || exit 1; done

fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=2.3"
	@for target in tests/fuzz/fuzz_*.py; do echo "== $$target"; $(BIN)/python $$target -max_total_time=60 $(ARGS) || exit 1; done

wheel: $(READY)
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

# Pins every dependency of the project and of its development, for all platforms. Names no registry.
lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --quiet -o requirements.lock

clean:
	rm -rf dist build site demo-out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
