# `make run` and `make test` need Python 3.11–3.13 on the machine; all else is installed into .venv*.
PYTHON ?= python3
ARGS ?=
VENV := .venv/bin
SAM := SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 PATH="$(CURDIR)/.venv-sam/bin:$(PATH)" .venv-sam/bin/sam

.DEFAULT_GOAL := help
.PHONY: help run demo flow test unit soak check lint types imports templates bench openapi build deploy

help: ## what can be typed here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1	\2/' | expand -t 18

run: ## the product on this machine (ARGS=--fresh starts anew, ARGS='--port 9080' elsewhere)
	@$(PYTHON) infra/local/environments.py run
	@exec $(VENV)/python -m infra.local.stack $(ARGS)

demo: ## a WhatsApp message all the way through the running product
	@test -f .venv/recado.stamp || $(PYTHON) infra/local/environments.py dev
	@$(VENV)/python infra/local/demo.py $(ARGS)

flow: ## a flow as a conversation in the terminal (ARGS=examples/flows/welcome.json, or ARGS=fl_…; ARGS=--help)
	@test -f .venv/recado.stamp || $(PYTHON) infra/local/environments.py dev
	@PYTHONPATH=layers/core/python $(VENV)/python -m infra.local.flow $(ARGS)

# One worker has the tests on the local stack, which mostly wait, two have the others: tests/side_by_side.py.
test: ## the whole suite: what runs on the local stack, and beside it what needs none
	@$(PYTHON) infra/local/environments.py run
	@$(VENV)/python -m pytest -n 3 $(ARGS)

unit: ## what needs no local stack
	@$(PYTHON) infra/local/environments.py dev
	@$(VENV)/python -m pytest -n 2 --ignore tests/e2e $(ARGS)

soak: ## large amounts, interrupted at random: memory that stays flat, speed
	@$(PYTHON) infra/local/environments.py dev
	@$(VENV)/python -m pytest -s $(or $(ARGS),tests/soak/*.py)

check: lint types imports templates unit ## everything a reviewer's machine checks, without the local stack

lint: ## ruff
	@$(PYTHON) infra/local/environments.py dev
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check --quiet . || { echo "make lint: run .venv/bin/ruff format ."; exit 1; }

types: ## mypy, strict on the product
	@$(PYTHON) infra/local/environments.py dev
	@$(VENV)/mypy

imports: ## which part may import which
	@$(PYTHON) infra/local/environments.py dev
	@PYTHONPATH=layers/core/python $(VENV)/lint-imports --no-cache

templates: ## cfn-lint with our own rules, sam validate
	@$(PYTHON) infra/local/environments.py sam
	@.venv-sam/bin/cfn-lint --append-rules infra/lint -- template.yaml infra/*.yaml
	@$(SAM) validate --lint

bench: ## ratios against peers, measured side by side (ARGS=contact_exports for one of them)
	@$(PYTHON) infra/local/environments.py dev
	@PYTHONPATH=layers/core/python $(VENV)/python -m benchmarks $(ARGS)

openapi: ## the API's description, as JSON
	@$(PYTHON) infra/local/environments.py dev >&2
	@PYTHONPATH=layers/core/python $(VENV)/python -m recado.api.openapi

build: ## packages for Lambda (python3.13 must be on the path)
	@PATH="$(CURDIR)/.venv-sam/bin:$(PATH)" python3.13 -c '' 2>/dev/null || { \
		echo "make build: python3.13 is missing or does not start (a version manager may have to be told to offer it)"; exit 1; }
	@$(PYTHON) infra/local/environments.py sam
	@$(SAM) build $(ARGS)

deploy: ## into the AWS account of your credentials (ARGS=--guided the first time)
	@$(MAKE) --no-print-directory build ARGS=
	@SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam deploy $(ARGS)
