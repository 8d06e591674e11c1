# The two commands of the README are `make run` and `make test`; both prepare the environment first.
PYTHON ?= python3
PORT ?= 7860
# What to install beside the core: `test`, and `models` for embedding models other than the embedded one.
EXTRAS ?= test
BIN := .venv/bin
READY := .venv/.ready-$(subst $(eval ),,$(EXTRAS))

.PHONY: setup run test lint format bench soak fit model model-static model-encoder browser clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

run: setup
	$(BIN)/wenju build
	$(BIN)/wenju serve --port $(PORT)

browser: setup
	@command -v chromium >/dev/null || .ci/install-browser

test: setup browser
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/wenju build
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m evals.bench

# The attacks of the tests, ten times as many of each.
soak: setup
	WENJU_SOAK=10 $(BIN)/python -m pytest -q -s tests/test_attack.py

# Refit the ranking, the hits and the drafts after a change of the model, the passages or the features, on the training
# questions of all sets; the reports of two of them come from ../shared/data (not part of the project).
fit: setup
	$(BIN)/wenju build
	$(BIN)/wenju build ../shared/data/corpora/provinces_2025 --index .wenju/provinces
	$(BIN)/python -m evals.national .wenju/reports && $(BIN)/wenju build .wenju/reports --index .wenju/national
	$(BIN)/python -m evals.fit hits --write && $(BIN)/python -m evals.fit drafts --write

# Make the embedded models anew from the texts in ../shared/data (not part of the project); a stopped run goes on. Hours on
# two cores; the encoder's training uses a GPU where there is one.
MAKE_MODEL := $(BIN)/python -m index.training
SECOND := .wenju/training-second
ENCODER := .wenju/encoder
model: model-static model-encoder

model-static:
	$(MAKE) setup EXTRAS=models,e5
	test -f .wenju/training/tokenizer.json || $(MAKE_MODEL) tokenizer
	test -f .wenju/training/pairs/done || { $(MAKE_MODEL) prepare && $(MAKE_MODEL) mine && touch .wenju/training/pairs/done; }
	$(MAKE_MODEL) train && $(MAKE_MODEL) train --work $(SECOND) --prepared .wenju/training --seed 7
	$(MAKE_MODEL) export --also $(SECOND) && $(MAKE_MODEL) evaluate && $(MAKE_MODEL) card

model-encoder:
	$(MAKE) setup EXTRAS=models,e5
	test -f $(ENCODER)/start.json || $(MAKE_MODEL) start
	test -f $(ENCODER)/pairs/done || { $(MAKE_MODEL) prepare --work $(ENCODER) --most 20000 && $(MAKE_MODEL) mine --work $(ENCODER) && touch $(ENCODER)/pairs/done; }
	$(MAKE_MODEL) encoder && $(MAKE_MODEL) export-encoder && $(MAKE_MODEL) steps && $(MAKE_MODEL) encoder-card

clean:
	rm -rf .venv .wenju
