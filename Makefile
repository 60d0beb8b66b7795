# All that a contributor runs. Needs Python 3.11 or newer with venv, and make.

PYTHON ?= python3
GROUPS := api resizer dev emulator checks
INSTALL := -m pip install -qq --disable-pip-version-check --no-deps --require-hashes
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test check lint types imports template lock openapi clean python

help: ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 16

setup: .venv/made .venv-emulator/made ## make the virtual environments (the others do it when needed)

run: setup ## run the whole system on this machine until Ctrl-C
	@exec .venv/bin/python -m local

test: setup ## run the tests; ARGS="-k cursor" picks some
	.venv/bin/python -m pytest $(ARGS)

check: lint types imports template ## lint, format, types, import boundaries, template

lint: .venv/made
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/made
	.venv/bin/mypy

# Each deployable imports with nothing installed but its own locked group.
imports: .venv-api/made .venv-resizer/made
	.venv-api/bin/python tests/import_all.py contract api
	.venv-resizer/bin/python tests/import_all.py contract resizer

template: .venv-checks/made
	.venv-checks/bin/cfn-lint template.yaml

lock: .venv-checks/made ## lock the newest allowed versions of all dependencies
	for group in $(GROUPS); do \
		.venv-checks/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
			--generate-hashes --no-emit-index-url --no-annotate --no-header \
			--group $$group --output-file requirements/$$group.txt || exit 1; \
	done

openapi: .venv/made ## write docs/openapi.json
	.venv/bin/python -m api openapi > docs/openapi.json

clean: ## remove environments, caches and the data of the local run
	rm -rf .venv .venv-* .local .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# An environment is made again when its lock changes.

.venv/made: requirements/dev.txt | python
	$(call make-environment,.venv,$<)

.venv-%/made: requirements/%.txt | python
	$(call make-environment,.venv-$*,$<)

define make-environment
@echo "making $(1) from $(2)"
@rm -rf $(1) && $(PYTHON) -m venv $(1)
@$(1)/bin/python $(INSTALL) -r $(2)
@touch $@
endef

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Thumbline needs Python 3.11 or newer, and $(PYTHON) is not: name one with PYTHON=, as in make PYTHON=python3.12 run."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) lacks the venv module: install it (Debian and Ubuntu: apt-get install python3-venv)."; exit 1; }
