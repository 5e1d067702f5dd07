# Each target does its own set-up in .venv, the tests' Label Studio in an environment of its own; constraints.txt pins
# what is large or moves.
.PHONY: demo test lock
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
	$(VENV)/bin/hadolint Dockerfile
	$(VENV)/bin/pytest

# The packages of the images, by version and hash.
LOCK = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command 'make lock' --constraint constraints.txt
lock: $(VENV)/dev
	echo 'build hatchling' | tr ' ' '\n' | $(LOCK) - --output-file requirements/build.txt
	$(LOCK) pyproject.toml --extra parquet --extra serve --output-file requirements/infer.txt
	$(LOCK) pyproject.toml --extra labelstudio --extra serve --output-file requirements/label.txt
	$(LOCK) pyproject.toml --extra parquet --extra train --output-file requirements/train.txt
