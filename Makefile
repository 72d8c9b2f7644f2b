# `make demo`, `make test` and `make install` are the whole set-up: each makes the virtual environment it
# needs. PYTHON=python3.12 names the interpreter, and makes .venv anew if it is of another one.
PYTHON ?= python3
export VENV := .venv
PY := $(VENV)/bin/python
ARGS ?=
# Test processes: four for each core, as many tests wait for sockets and scripts.
WORKERS ?= 8
export LOCK ?= requirements.lock
export PYTHON
# Bytecode is kept, whatever the environment says: tests start many processes, and compiling the
# modules and the rewritten tests anew in each of them takes longer than most tests.
export PYTHONDONTWRITEBYTECODE :=
export GOAL := $(firstword $(MAKECMDGOALS))
export CHOSEN := $(if $(filter file default undefined,$(origin PYTHON)),no,yes)

.PHONY: setup install demo demo-setup hooks test test-postgres test-replicas thorough matrix coverage check crash chaos soak mutations transcripts fuzz \
  bench docs translated pictures lock release clean

setup:
	@./setup.sh dev

install:
	@./setup.sh production

# Several bots share a database of PostgreSQL, which comes along.
demo-setup:
	@./setup.sh $(if $(findstring --replicas,$(ARGS)),replicas,demo)

demo: demo-setup
	@$(PY) -m sandbox.demo $(ARGS)

# "make check" before each commit.
hooks: setup
	$(VENV)/bin/pre-commit install

test: setup
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

# What "make test" leaves out: the slow tests, and all examples of the property tests.
thorough: setup
	EXAMPLES=usual $(PY) -m pytest -n $(WORKERS) --dist worksteal -m "slow or hypothesis" $(ARGS)

# The tests whose store may be either, over PostgreSQL: they bring a server along.
test-postgres: setup
	COUNTERSIGN_TEST_STORE=postgres $(PY) -m pytest -n $(WORKERS) --dist worksteal tests/bot tests/behaviour $(ARGS)

# The stories, the storms of clicks and the reloads with three bots in a process, on one database.
test-replicas: setup
	COUNTERSIGN_TEST_REPLICAS=3 $(PY) -m pytest -n 3 --dist worksteal tests/behaviour/test_stories.py \
	  tests/behaviour/test_reload.py tests/behaviour/test_runbook_votes.py $(ARGS)

# The tests on each supported Python that is here, each with an environment of its own under var/.
matrix:
	@tests/matrix.sh $(ARGS)

coverage: setup
	$(PY) -m tests.coverage $(ARGS)

check: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

crash: setup
	$(PY) -m tests.crash $(ARGS)

chaos: setup
	$(PY) -m tests.chaos $(ARGS)

# An hour under a steady load while a share of all calls fails: does memory, files, or lateness grow?
soak: setup
	$(PY) -m tests.chaos.soak $(ARGS)

# One change between the vote and the start, many times: what matters is refused, what does not is not.
mutations: setup
	$(PY) -m tests.mutations $(ARGS)

transcripts: setup
	$(PY) -m tests.crash --transcripts compare $(ARGS)

fuzz: setup
	$(PY) -m tests.fuzz $(ARGS)

bench: setup
	$(PY) -m bench $(ARGS)

docs: setup
	$(PY) -m bot docs $(ARGS)

# After the translation of a page that has changed: ARGS=docs/how-to/rules.md. The tests name the sections.
translated: setup
	$(PY) -m tests.twins $(ARGS)

# The pictures of both READMEs, photographed in the page of the demo: needs Chromium and a Chinese font.
pictures: setup
	$(PY) -m docs.pictures.draw $(ARGS)

# The exact versions that "make" and "make install" take, for every Python that is supported: after a
# change of the dependencies. ARGS="--upgrade" takes the newest ones.
lock: setup
	$(PY) -m pip install -q 'uv>=0.8'
	$(VENV)/bin/uv pip compile -q --universal --python-version 3.11 \
	  --extra demo --extra holidays --extra oncall --extra otel --extra postgres --extra replicas --extra dev \
	  --no-header --no-annotate -o requirements.lock pyproject.toml $(ARGS)

# Is this commit fit to be a release? ARGS=--tag gives it its tag.
release: setup
	$(PY) -m deploy.release $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
