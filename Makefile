# Everything this repository can do for you. `make` alone lists it.
#
# The virtual environment is built once, and again only when pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FLOORS := .venv-floors

# What a shell, an active environment or a surrounding Jupyter left behind must not decide what runs here.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PYTHONSTARTUP JUPYTER_PATH JUPYTER_CONFIG_PATH
unexport PFNB_HUB PFNB_URL PFNB_TOKEN
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help demo test faults floors lint lab notebooks docs pictures bench fuzz clean

help:
	@echo "make demo       run the main job once: Jupyter Server, notebook, webhooks, files"
	@echo "make lab        open a copy of the notebooks (playground/) in JupyterLab with pfnb"
	@echo "make test       check style and types, run every test and every notebook"
	@echo "make faults     run the long tests: faults injected at random, FAULTS_SECONDS (60) for each endless one"
	@echo "make floors     run the kernel's tests with the oldest versions of all libraries"
	@echo "make lint       check only style, types and the direction of imports"
	@echo "make notebooks  run every notebook and save what it shows"
	@echo "make docs       write the reference in docs/ from the declarations of commands and functions"
	@echo "make pictures   take the README's pictures from a real JupyterLab (needs Chromium)"
	@echo "make bench      measure speed and memory next to a bare Tornado (needs wrk)"
	@echo "make fuzz       look for inputs that crash or stall a reader, FUZZ_SECONDS (60) for each"
	@echo "make clean      remove the virtual environment and every cache"

$(READY): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo "pfnb: $(PYTHON) was not found. On Debian: sudo apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "pfnb: $(PYTHON) is $$($(PYTHON) --version 2>&1), but 3.11 or later is needed." >&2; \
	  echo "pfnb: if a newer one has another name, run: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "pfnb: $(PYTHON) cannot make virtual environments. On Debian: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV): a minute or two, only once"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[lab,test]' || { \
	  echo "pfnb: pip could not install the dependencies; see its message above." >&2; exit 1; }
	@touch $@

# The oldest versions that pyproject.toml allows, as hosts have them that pin their own. Of these, jupyter_core warns that its
# folders will be others, and jupyter_client leaves ZeroMQ's contexts to the garbage collector.
$(FLOORS)/.ready: pyproject.toml tests/floors.txt
	@echo "Setting up $(FLOORS): a minute, only once"
	@$(PYTHON) -m venv $(FLOORS)
	@$(FLOORS)/bin/python -m pip install --quiet --disable-pip-version-check --constraint tests/floors.txt --editable ".[previews]" \
	  pandas psutil pytest pytest-asyncio pytest-timeout
	@touch $@

demo: $(READY)
	@$(BIN)/python -m tests.demo

# Three processes share the files: two would leave two cores idle now and then, since tests also wait. What measures time or
# fairness comes after them, even if others failed. A failed test runs again, by itself: on a busy
# machine one in thousands is too slow. A test that passes then is listed as PASSED: it is flaky, so fix it.
AGAIN := --last-failed --last-failed-no-failures none -rp
test: lint
	@failed=0; tests="$(BIN)/python -m pytest tests -m"; \
	  $$tests 'not faults and not alone' -n 3 --dist loadfile --no-loadscope-reorder --cache-clear \
	    || $$tests 'not faults and not alone' $(AGAIN) || failed=1; \
	  $(BIN)/python -m pytest --nbval notebooks -n 2 --dist loadfile \
	    || $(BIN)/python -m pytest --nbval notebooks || failed=1; \
	  $$tests 'alone and not faults' --cache-clear || $$tests 'alone and not faults' $(AGAIN) || failed=1; \
	  exit $$failed

faults: $(READY)
	@$(BIN)/python -m pytest -m faults tests

floors: $(FLOORS)/.ready
	@JUPYTER_PLATFORM_DIRS=1 $(FLOORS)/bin/python -m pytest -W 'ignore:Unclosed context:ResourceWarning' tests/kernel --cache-clear \
	  || JUPYTER_PLATFORM_DIRS=1 $(FLOORS)/bin/python -m pytest -W 'ignore:Unclosed context:ResourceWarning' tests/kernel $(AGAIN)

lint: $(READY)
	@$(BIN)/python -m ruff check
	@$(BIN)/python -m ruff format --check
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports

# This opens a copy, since tests compare the outputs of the original notebooks.
# --allow-root: in a container the only user is often root, whom Jupyter otherwise refuses.
lab: $(READY)
	@test -d playground || cp -R notebooks playground
	@$(BIN)/python -m jupyterlab --allow-root --no-browser --ServerApp.root_dir=playground \
	  --LabApp.default_url=/lab/tree/01-first-webhook.ipynb

notebooks: $(READY)
	@$(BIN)/python -m jupyter nbconvert --to notebook --execute --inplace --log-level=WARN \
	  --ExecutePreprocessor.record_timing=False notebooks/*.ipynb

docs: $(READY)
	@$(BIN)/python -m tests.reference

pictures: $(READY)
	@$(BIN)/python -m tests.browser.pictures

bench: $(READY)
	@$(BIN)/python -m tests.benchmarks

fuzz: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@$(BIN)/python -m tests.fuzz

clean:
	rm -rf $(VENV) $(FLOORS) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dist build
	find . -name __pycache__ -prune -exec rm -rf {} +
