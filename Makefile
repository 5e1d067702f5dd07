# Each target does its own set-up in .venv, the tests' Label Studio in an environment of its own; constraints.txt pins
# what is large or moves.
.PHONY: demo test
VENV := .venv
LABEL_STUDIO := .venv-label-studio
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

$(VENV)/base: pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/dev: $(VENV)/base
	$(PIP) torch
	$(PIP) --editable '.[dev]'
	touch $@

$(LABEL_STUDIO)/ready:
	python3 -m venv $(LABEL_STUDIO)
	$(LABEL_STUDIO)/bin/python -m pip install --quiet --disable-pip-version-check label-studio==1.23.2
	touch $@

demo: $(VENV)/base
	$(VENV)/bin/malimet extract examples/article.txt --format table

test: $(VENV)/dev $(LABEL_STUDIO)/ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	$(VENV)/bin/pytest
