# The two commands of the README are `make demo` and `make test`. Each sets up its own
# virtual environment in .venv from the pinned versions; a second run skips that.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO ?= runs/demo
BENCH ?= runs/bench
# Each has one thread (tests/conftest.py); more would fight over the cores.
WORKERS ?= 2
# A file for one worker, since its tests share what they build.
TESTS := $(BIN)/python -m pytest -q -m "not slow" --dist loadfile

.PHONY: demo test test-kernels test-triton test-wheel test-python lint bench dist docs clean

demo: $(STAMP)
	$(BIN)/deepsphere-pyg segment --demo --out $(DEMO) --resume

test: lint
	$(TESTS) -n $(WORKERS)

# Other processors add in another order: their kernels, and sums of several threads.
test-kernels: $(STAMP)
	@failed=; \
	for setting in \
		"ATEN_CPU_CAPABILITY=default" \
		"ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2" \
		"MKL_CBWR=COMPATIBLE" \
		"TEST_THREADS=2"; \
	do \
		echo "== Tests under $$setting"; \
		env $$setting $(TESTS) -n $(WORKERS) || failed="$$failed\n  $$setting"; \
	done; \
	if [ -n "$$failed" ]; then printf "Tests failed under:$$failed\n"; exit 1; fi; \
	echo "== Tests passed under all settings"

# The kernels of GPUs in Triton's interpreter. Triton lies beside the environment, since
# torch.compile, too, would use it. Numerical derivatives call kernels too often for it;
# test_triton_sums.py has the derivatives of other executions instead.
TRITON ?= runs/triton
test-triton: $(STAMP)
	test -d $(TRITON)/triton || \
		$(BIN)/python -m pip install --quiet --no-deps --target $(TRITON) triton==3.9.0
	TRITON_INTERPRET=1 PYTHONPATH=$(TRITON) $(TESTS) -n $(WORKERS) \
		tests/propagation/test_triton_sums.py tests/test_edge_operator.py \
		-k "not of_first_and_second_order and not other_side_of_the_inner_product"

# A source archive, and a wheel built from it.
dist: $(STAMP)
	rm -rf dist build
	$(BIN)/python -m pip install --quiet --constraint constraints.txt build twine
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

# The tests of the source archive on the wheel, where neither package lies beside them.
WHEEL ?= runs/wheel
test-wheel: dist
	rm -rf $(WHEEL)
	mkdir -p $(WHEEL)/tests
	$(BIN)/python -m pip install --quiet --no-deps --target $(WHEEL)/installed dist/*.whl
	tar -xzf dist/*.tar.gz -C $(WHEEL)/tests --strip-components 1
	rm -rf $(WHEEL)/tests/deepsphere_pyg $(WHEEL)/tests/samplings
	cd $(WHEEL)/tests && PYTHONPATH=../installed $(abspath $(BIN))/python -m pytest -q \
		-m "not slow" --dist loadfile -n $(WORKERS) tests

# All tests under each Python from 3.11 to 3.13 that is installed.
PYTHONS ?= python3.11 python3.12 python3.13
test-python:
	@tested=; failed=; \
	for python in $(PYTHONS); do \
		$$python --version >/dev/null 2>&1 || { echo "== $$python is not installed"; continue; }; \
		echo "== Tests under $$($$python --version)"; \
		tested="$$tested $$python"; \
		$(MAKE) test PYTHON=$$python VENV=runs/venv-$$python || failed="$$failed $$python"; \
	done; \
	if [ -z "$$tested" ]; then echo "not one of $(PYTHONS) is installed"; exit 1; fi; \
	if [ -n "$$failed" ]; then echo "== Tests failed under:$$failed"; exit 1; fi; \
	echo "== Tests passed under:$$tested"

# pre-commit reads the list of files from git; an unpacked archive has none.
lint: $(STAMP)
	@if git rev-parse --git-dir >/dev/null 2>&1; then \
		PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pre-commit run --all-files --show-diff-on-failure; \
	else \
		PATH="$(abspath $(BIN)):$$PATH" sh -ec 'ruff format --check; ruff check; codespell; mypy; lint-imports'; \
	fi

# A quarter of an hour on an idle machine; fails where a ratio to a peer has fallen.
bench: $(STAMP)
	$(BIN)/python -m benchmarks.run --out $(BENCH) --reference benchmarks/reference.csv

# The site in docs/_build. RUN=0 leaves out the scripts of the gallery, which take minutes.
RUN ?= 1
docs: $(STAMP)
	DOCS_RUN_SCRIPTS=$(RUN) $(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; found $$($(PYTHON) --version). Set PYTHON=..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools -c constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test]"
	touch $@

clean:
	rm -rf docs/_build docs/gallery docs/tutorials docs/reference/subjects docs/examples_of_names
	rm -rf $(VENV) runs build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
