# Everything that a newcomer, a developer and CI need. Each target does its own set-up.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p && break; done)
VENV   := .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
UV     := $(BIN)/uv
READY  := $(VENV)/.ready

.PHONY: help setup demo test chaos check format lock bench snapshots gallery clean
help:            ## what can be made
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  *##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

setup: $(READY)  ## a virtual environment with everything, bytecode compiled

$(READY): pyproject.toml locks/uv.txt locks/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "workbench needs Python 3.11 or newer; try: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/uv.txt
	@$(UV) pip install --quiet --python $(PY) --compile-bytecode --require-hashes -r locks/dev.txt
	@$(UV) pip install --quiet --python $(PY) --compile-bytecode --no-deps --no-build-isolation --editable .
	@$(PY) -m compileall -q workbench
	@touch $@

demo: setup      ## run a real sweep and watch it
	@$(BIN)/workbench demo

test: setup      ## every test, against real processes
	@$(BIN)/pytest -n auto --dist loadfile

chaos: setup     ## five machines, 500 runs, everything killed, cut, rebooted and filled; MORE="--seed 7" again
	@$(PY) -m tests.chaos $(MORE)

check: setup     ## style, types, import contracts, links in the docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(PY) docs/check_links.py

format: setup    ## rewrite files in the project's style
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

lock: setup      ## resolve the dependencies again and pin them with hashes
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 locks/uv.in -o locks/uv.txt
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --extra dev pyproject.toml -o locks/dev.txt
	@for peer in locks/bench-*.in; do \
	  $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 $$peer -o $${peer%.in}.txt; done

bench: setup     ## speed, as ratios beside peers in the same run
	@$(PY) -m bench

snapshots: setup ## what every screen looks like, to be held to; look at the difference
	@mkdir -p tests/screens/snapshots && rm -f tests/screens/snapshots/*.txt
	@$(BIN)/pytest -q -n auto tests/screens/test_pictures.py -k looks_as_it_did --snapshot-update

gallery: setup   ## draw every screen into docs/img
	@$(PY) docs/gallery.py

clean:           ## forget the virtual environments and caches
	@rm -rf $(VENV) .venvs .mypy_cache .ruff_cache .pytest_cache .hypothesis
