# Each target does its own set-up in .venv; constraints.txt pins what is large or moves.
.PHONY: demo test
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

$(VENV)/base: pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/dev: $(VENV)/base
	$(PIP) torch
	$(PIP) --editable '.[dev]'
	touch $@

demo: $(VENV)/base
	$(VENV)/bin/malimet extract examples/article.txt --format table

test: $(VENV)/dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest
