# Everything that a contributor runs. Needs Python 3.11 or newer with venv, and make.

PYTHON ?= python3
GROUPS := api lambda resizer run dev emulator checks checkov benchmarks schema sbom zig uv
PYTEST := .venv/bin/python -m pytest
# Each worker has an emulator of its own. For a debugger: ARGS="-n0 --pdb"
PARALLEL := -n auto --maxprocesses 4 --dist worksteal
MODEL_STEPS ?= 10000
SAM := SAM_CLI_TELEMETRY=0 .venv-checks/bin/sam
DOCKERFILES := Dockerfile.api Dockerfile.resizer local/Dockerfile
WEB := examples/nextjs
CHROMIUM ?= $(firstword $(shell which chromium chromium-browser google-chrome 2>/dev/null))
NODE_IS_NEW := node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1
export NEXT_TELEMETRY_DISABLED := 1
# uv leaves compiling to the first import. With this variable set, every process would compile again.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run web unit test proofs test-proofs test-guards mutants test-containers test-api-schema test-web \
	check fix lint types imports template containers fuzz verify-deploy \
	bench-api bench-cold bench-color bench-kills bench-resize lock notices sbom openapi web-client web-screenshots clean \
	python node chromium

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 24

setup: .venv/made .venv-emulator/made ## create the development environments; every other command creates what it needs

run: .venv-run/made .venv-emulator/made ## run the whole system on this machine until Ctrl-C
	@exec .venv-run/bin/python -m local

web: .venv-run/made .venv-emulator/made $(WEB)/node_modules/.package-lock.json ## run the system with the Next.js front end and real sign-in
	cd $(WEB) && npm run --silent build
	@cd $(WEB) && exec node scripts/system.mjs

unit: .venv/made ## test rules and use cases, without the emulator, in seconds
	$(PYTEST) $(PARALLEL) tests/unit $(ARGS)

test: setup ## run the tests that every change must pass; ARGS="-k cursor" selects some
	$(PYTEST) $(PARALLEL) $(ARGS)

proofs: test-proofs test-containers test-api-schema ## run the long tests at full size, as in CI
	@if $(NODE_IS_NEW); then $(MAKE) test-web; \
		else echo "test-web: not run, it needs Node 20 or newer with npm"; fi

test-proofs: setup .venv-checks/made .venv-benchmarks/made | chromium
	MODEL_STEPS=$(MODEL_STEPS) CHROMIUM=$(CHROMIUM) $(PYTEST) $(PARALLEL) -m "not containers" tests/proofs $(ARGS)

test-web: .venv-run/made .venv-emulator/made $(WEB)/node_modules/.package-lock.json | chromium ## test the front end in a browser
	cd $(WEB) && npm run --silent check && npm run --silent build
	cd $(WEB) && CHROMIUM=$(CHROMIUM) npm test --silent -- $(ARGS)

test-containers: setup ## test the images and docker compose, if a container engine is available
	@if docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; then \
		$(PYTEST) -m containers tests/proofs/containers $(ARGS); \
	else echo "test-containers: not run, no container engine with compose is available"; fi

test-guards: setup ## remove each condition from the code and expect the model test to notice
	$(PYTEST) $(PARALLEL) -m mutations tests/proofs/model $(ARGS)

mutants: setup ## change the code in a sample of places and expect a test to notice; ARGS="contract --all"
	.venv/bin/python -m tools.mutants $(ARGS)

bench-cold: setup .venv-checks/made ## compare the functions' cold starts with plain handlers, under AWS's runtime client
	.venv/bin/python -m benchmarks.cold_start $(ARGS)

verify-deploy: setup ## attack a running API as an outsider would: ARGS="--api URL --user NAME"
	.venv/bin/python -m tools.verify_deploy $(ARGS)

bench-kills: setup ## upload 500 pictures to the running system while its workers are killed
	.venv/bin/python -m benchmarks.kills $(ARGS)

bench-resize: .venv-benchmarks/made ## compare the thumbnail engine with its peers; ARGS="--corpus DIR"
	.venv-benchmarks/bin/python -m benchmarks.resize $(ARGS)

bench-color: .venv-benchmarks/made | chromium ## compare colors with those that Chromium, libvips and sharp show
	CHROMIUM=$(CHROMIUM) .venv-benchmarks/bin/python -m benchmarks.color

fuzz: .venv/made ## feed 32,000 damaged and stuffed pictures to the thumbnail engine
	.venv/bin/python -m tools.fuzz $(ARGS)

test-api-schema: setup .venv-schema/made ## use schemathesis to look for responses that the OpenAPI document does not allow
	.venv/bin/python -m tests.proofs.conformance .venv-schema/bin/schemathesis --max-examples 350 --max-time 240 --seed 1 $(ARGS)

bench-api: setup ## compare the API's speed with botocore and a plain FastAPI version
	.venv/bin/python -m benchmarks.api

check: lint types imports template containers ## check lint, format, types, import boundaries, the template and the Dockerfiles

fix: .venv/made ## format the code and apply lint fixes
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lint: .venv/made
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/made
	.venv/bin/mypy

# Each deployable must import with nothing installed but its own locked group.
imports: .venv-api/made .venv-resizer/made
	.venv-api/bin/python -m tools.import_all contract api
	.venv-resizer/bin/python -m tools.import_all contract resizer

template: .venv-checks/made .venv-checkov/made
	$(SAM) validate --template template.yaml --region us-east-1
	$(SAM) validate --template template.yaml --region us-east-1 --lint
	.venv-checks/bin/python -m tools.translate_template > .venv-checks/template.json
	.venv-checks/bin/cfn-lint --ignore-checks W1028 -- .venv-checks/template.json
	.venv-checkov/bin/checkov --config-file .checkov.yaml --file .venv-checks/template.json

containers: .venv-checks/made .venv-checkov/made
	.venv-checks/bin/hadolint $(DOCKERFILES)
	.venv-checkov/bin/checkov --config-file .checkov.yaml --framework dockerfile --file $(DOCKERFILES)
	@if docker compose version >/dev/null 2>&1; then docker compose config --quiet; \
		else echo "docker compose config: not run, docker compose is not available"; fi

lock: .venv-uv/made ## lock the newest allowed versions of all dependencies
	for group in $(GROUPS); do \
		.venv-uv/bin/uv pip compile --quiet --system-certs --upgrade --universal --python-version 3.11 \
			--generate-hashes --no-emit-index-url --no-annotate --no-header \
			--group $$group --output-file requirements/$$group.txt || exit 1; \
	done

# The images' builds do the same; the resizer's wheel of pillow-heif loses its GPL encoder first.
notices: .venv-api/made .venv-lambda/made .venv-resizer/made .venv-zig/made ## write the licenses of everything in the images to build/notices
	rm -rf build/notices && mkdir -p build/notices
	cp -r .venv-resizer/lib/python3*/site-packages build/notices/packages
	.venv-zig/bin/python container_build/without_x265.py build/notices/packages .venv-zig/bin/python -m ziglang cc
	$(PYTHON) container_build/third_party_notices.py .venv-api/lib/python3*/site-packages > build/notices/api.txt
	$(PYTHON) container_build/third_party_notices.py .venv-api/lib/python3*/site-packages \
		.venv-lambda/lib/python3*/site-packages > build/notices/api-lambda.txt
	$(PYTHON) container_build/third_party_notices.py build/notices/packages > build/notices/resizer.txt
	rm -rf build/notices/packages

sbom: .venv-sbom/made .venv-api/made .venv-lambda/made .venv-resizer/made ## write software bills of materials (CycloneDX) to build/sbom
	mkdir -p build/sbom
	for group in api lambda resizer; do \
		.venv-sbom/bin/python -m tools.sbom $$group > build/sbom/$$group.cdx.json || exit 1; \
	done

openapi: .venv/made ## write docs/openapi.json
	.venv/bin/python -m api openapi > docs/openapi.json

web-client: $(WEB)/node_modules/.package-lock.json ## write the front end's API types from docs/openapi.json
	cd $(WEB) && npm run --silent client

web-screenshots: .venv-run/made .venv-emulator/made $(WEB)/node_modules/.package-lock.json | chromium ## take the screenshots in README
	cd $(WEB) && npm run --silent build
	cd $(WEB) && CHROMIUM=$(CHROMIUM) npm run --silent screenshots

clean: ## remove the environments, the caches and the local run's data
	rm -rf .venv .venv-* .local build .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis
	rm -rf $(WEB)/node_modules $(WEB)/.next $(WEB)/test-results
	find . -name __pycache__ -prune -exec rm -rf {} +

# An environment is created again when its lock changes.

.venv/made: requirements/dev.txt | python
	$(call make-environment,.venv,$<)

.venv-%/made: requirements/%.txt | python
	$(call make-environment,.venv-$*,$<)

define make-environment
@$(PYTHON) tools/environment.py $(1) $(2)
@touch $@
endef

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json | node
	cd $(WEB) && npm ci --no-audit --no-fund
	@touch $@

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Thumbline needs Python 3.11 or newer, and $(PYTHON) is older or missing: name another with PYTHON=, as in make PYTHON=python3.12 run."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) lacks the venv module: install it (Debian and Ubuntu: apt-get install python3-venv)."; exit 1; }

node:
	@$(NODE_IS_NEW) || { \
		echo "The Next.js front end needs Node 20 or newer with npm, which was not found. make run works without it."; exit 1; }

chromium:
	@test -x "$(CHROMIUM)" || { \
		echo "The browser tests need Chromium. Install it (Debian and Ubuntu: apt-get install chromium), or name one with CHROMIUM=."; exit 1; }
