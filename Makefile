# Everything here works on a machine with Python 3.11, pip and make, and nothing else.

PYTHON ?= python3
VENV ?= .venv
WAV ?= data/samples/reading_short.wav
MODE ?= match
N ?= 20
TRACKS ?=
UPGRADE ?=

# What is given for these is text, and no program: make does not expand it (a file may be called
# $5.wav), and recipes take it from the environment, where quotes in it mean nothing.
GIVEN := PYTHON VENV WAV MODE N TRACKS UPGRADE
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name))))
export $(GIVEN)
# This one also stands in names of targets, and those cannot be quoted.
SIGNS := ' " ` $$ ; & | < > ( ) [ ] * ? ~ : % = \ \#
ifneq ($(words $(VENV)) $(strip $(foreach sign,$(SIGNS),$(findstring $(sign),$(VENV)))),1 )
$(error VENV is '$(VENV)'; give a folder without blanks and signs of the shell, such as .venv)
endif
BIN := $(VENV)/bin

# A stray setting of the machine would make every start compile all packages again.
unexport PYTHONDONTWRITEBYTECODE
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help playlist test test-all lint audit lock train evaluate evaluate-quick figures notebooks benchmarks clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 16

$(BIN)/python:
	$$PYTHON -m venv $(VENV)

# uv takes seconds where pip takes minutes. Of pip's settings it is told the index; where a mirror or
# a proxy wants more than that, pip itself does the same.
PIP := $(BIN)/python -m pip install --quiet
INDEX = $${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}
define install
	$(PIP) --require-hashes --requirement requirements-setup.lock
	UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$(INDEX)}" $(BIN)/uv pip install --quiet \
	  --python $(BIN)/python --require-hashes --requirement $(1) \
	  || { echo 'uv cannot; pip does it, in minutes'; $(PIP) --require-hashes --requirement $(1); }
	$(PIP) --no-deps --no-build-isolation --editable .
endef

# The listener's part: no TensorFlow.
$(VENV)/.listener: pyproject.toml requirements-listener.lock requirements-setup.lock | $(BIN)/python
	$(call install,requirements-listener.lock)
	touch $@

# Everything, for research and development.
$(VENV)/.developer: pyproject.toml requirements.lock requirements-setup.lock | $(BIN)/python
	$(call install,requirements.lock)
	touch $@ $(VENV)/.listener

playlist: $(VENV)/.listener ## From a recording to a playlist: make playlist WAV=me.wav MODE=lift
	@$(BIN)/python -m app.run_notebook --mode "$$MODE" -n "$$N" --tracks "$$TRACKS" -- "$$WAV"

# Files are shared out among processes, the notebooks as well; each process keeps to one core.
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 LOKY_MAX_CPU_COUNT=1 $(BIN)/python -m pytest \
  --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder \
  --nbval --nbval-kernel-startup-timeout 300
test: $(VENV)/.developer ## Run the tests, notebooks included, without the few that take longest
	$(PYTEST) tests notebooks --without-heavy

test-all: $(VENV)/.developer ## Run all tests
	$(PYTEST) tests notebooks

lint: $(VENV)/.developer ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit: $(VENV)/.developer ## Look up known vulnerabilities of the locked versions
	$(BIN)/python scripts/audit.py requirements.lock requirements-listener.lock requirements-setup.lock

LOCK = UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile --quiet --no-annotate \
  --universal --python-version 3.11 --generate-hashes $$UPGRADE --output-file
lock: $(VENV)/.developer ## Lock what pyproject.toml says; UPGRADE=--upgrade for new versions
	$(LOCK) requirements.lock pyproject.toml --extra dev
	$(LOCK) requirements-listener.lock pyproject.toml --extra notebooks --constraint requirements.lock
	$(LOCK) requirements-setup.lock --group setup --constraint requirements.lock

train: $(VENV)/.developer ## Train the shipped model on all of EMOTIFY_RAVDESS
	$(BIN)/emotify train

evaluate: $(VENV)/.developer ## Judge the recipe; with EMOTIFY_RAVDESS reproduce the predictions
	$(BIN)/emotify evaluate

evaluate-quick: $(VENV)/.developer ## Train one fold again from audio and compare (some minutes)
	$(BIN)/emotify evaluate --quick

figures: $(VENV)/.developer ## Rebuild the tables and figures of README and model card
	$(BIN)/python -m ser.figures
	$(BIN)/python -m reading.figures
	$(BIN)/python -m clustering.figures
	$(BIN)/python scripts/draw_rooms.py

notebooks: $(VENV)/.developer ## Run all notebooks and store their outputs
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace notebooks/*.ipynb \
	  --ClearMetadataPreprocessor.enabled=True \
	  --ClearMetadataPreprocessor.preserve_cell_metadata_mask=tags

benchmarks: $(VENV)/.developer ## Measure speed against stated alternatives
	$(BIN)/python benchmarks/cold_start.py
	$(BIN)/python benchmarks/recognition_speed.py
	$(BIN)/python benchmarks/reading_speed.py
	$(BIN)/python benchmarks/playlist_speed.py
	$(BIN)/python benchmarks/playing_order.py
	$(BIN)/python benchmarks/simulated_listener.py

clean: ## Remove what was built, the virtual environment too
	rm -rf build dist $(VENV)
