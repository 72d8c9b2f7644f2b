# `make demo` and `make test` are the whole set-up: each makes the virtual environment it needs.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
ARGS ?=

.PHONY: setup demo test check crash fuzz bench docs clean

$(VENV)/.made: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --upgrade pip
	$(PY) -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print('\n'.join(p['dependencies'] + p['optional-dependencies']['dev']))" > $(VENV)/requirements.txt
	$(PY) -m pip install -q -r $(VENV)/requirements.txt
	touch $@

setup: $(VENV)/.made

demo: $(VENV)/.made
	$(PY) -m sandbox.demo $(ARGS)

test: $(VENV)/.made
	$(PY) -m pytest -n auto --dist loadfile $(ARGS)

check: $(VENV)/.made
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

crash: $(VENV)/.made
	$(PY) -m tests.crash $(ARGS)

fuzz: $(VENV)/.made
	$(PY) -m tests.fuzz $(ARGS)

bench: $(VENV)/.made
	$(PY) -m bench $(ARGS)

docs: $(VENV)/.made
	$(PY) -m bot docs $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
