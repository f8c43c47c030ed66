# The two commands of the README are `make demo` and `make test`. Each sets up its own
# virtual environment in .venv from the pinned versions; a second run skips that.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO ?= runs/demo
BENCH ?= runs/bench
# One BLAS thread for each of the test workers; more would fight over the cores.
WORKERS ?= 2

.PHONY: demo test lint bench docs clean

demo: $(STAMP)
	$(BIN)/deepsphere-pyg segment --demo --out $(DEMO) --resume

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow"

# pre-commit reads the list of files from git; an unpacked archive has none.
lint: $(STAMP)
	@if git rev-parse --git-dir >/dev/null 2>&1; then \
		PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pre-commit run --all-files --show-diff-on-failure; \
	else \
		PATH="$(abspath $(BIN)):$$PATH" sh -ec 'ruff format --check; ruff check; codespell; mypy; lint-imports'; \
	fi

# A quarter of an hour on an idle machine; fails where a ratio to a peer has fallen.
bench: $(STAMP)
	$(BIN)/python benchmarks/run.py --out $(BENCH) --reference benchmarks/reference.csv

docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt ".[docs]"
	$(BIN)/python -m sphinx -q -b html docs docs/_build

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; found $$($(PYTHON) --version). Set PYTHON=..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools -c constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test]"
	touch $@

clean:
	rm -rf $(VENV) runs build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
