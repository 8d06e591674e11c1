# The two commands of the README are `make run` and `make test`; both prepare the environment first.
PYTHON ?= python3
PORT ?= 7860
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: setup run test lint bench model clean browser

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $(STAMP)

run: setup
	$(BIN)/wenju build
	$(BIN)/wenju serve --port $(PORT)

browser: setup
	@command -v chromium >/dev/null || .ci/install-browser

test: setup browser
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: setup
	$(BIN)/python -m evals.bench

clean:
	rm -rf .venv .wenju
