# Two commands: `make demo` and `make test`. Both set up what they need in .venv.
# `make test-all` is `make test` with the slow tests, and with more random examples.
# `make fuzz` takes half an hour, `make fuzz-routes` an hour or more. `make docs` builds the documentation into
# site/, `make screens` draws its pictures anew, and `make look` opens every page in Chromium.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all check docs screens look fuzz fuzz-routes clean

demo: .venv/pinatakit
	$(BIN)/python examples/demo.py

test: check docs
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(PYTEST)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

test-all: PYTEST = -m "slow or not slow" --hypothesis-profile thorough
test-all: test

check: .venv/dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

docs: .venv/dev
	BIN=$(BIN) scripts/site.sh

screens: .venv/dev
	$(BIN)/python -m pip install --quiet --group screens
	$(BIN)/python scripts/screens.py
	$(BIN)/python scripts/pictures.py

look: docs
	$(BIN)/python -m pip install --quiet --group look
	$(BIN)/python scripts/look.py

fuzz: .venv/dev
	$(BIN)/python -m pip install --quiet --group fuzz
	$(BIN)/python -m fuzz

fuzz-routes: .venv/dev
	$(BIN)/python -m pytest tests/server/test_fuzz.py --hypothesis-profile long

.venv/pinatakit: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pinatakit needs Python 3.11 or newer; say: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/dev: .venv/pinatakit
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

clean:
	rm -rf .venv dist build site docs/reference .cache .coverage* .mypy_cache .pytest_cache .hypothesis .ruff_cache .import_linter_cache
