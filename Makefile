# Kingpost. `make` shows what there is.

BIN := .venv/bin
PACKAGES := api dashboards kingpost lake operational pipelines sandbox
# Telemetry of the tools we stand on stays off, and uv never fetches an interpreter.
export DO_NOT_TRACK := 1
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help setup run demo refresh verify bench reset check format lint types contracts sql \
        parse migrations test browser mutants lock

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run

setup: ## Make .venv with everything in it, the kingpost command included
	@.ci/setup

run: setup ## Start the whole hub with a demo broker; Ctrl-C stops it
	@exec $(BIN)/kingpost up

demo: setup ## Tell the demo broker's story, the hub stopped: make demo ARGS="--clients 300 --days 60"
	@$(BIN)/kingpost demo $(ARGS)

refresh: setup ## Bring the lake up to now and publish it
	@$(BIN)/kingpost refresh

verify: setup ## Check ledger, audit log and lake; name whatever is wrong
	@$(BIN)/kingpost verify all

bench: setup ## Measure ourselves beside the limit: make bench NAME=ledger
	@$(BIN)/kingpost bench $(NAME)

reset: setup ## Forget everything in .kingpost, the hub stopped
	@$(BIN)/kingpost reset --yes

##@ Prove

test: setup browser check ## Everything: the checks below, then every test
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

check: setup ## All checks that are no tests, two at a time
	@$(MAKE) --no-print-directory -j 2 types lint sql contracts parse migrations

lint: setup ## Format and lint rules of Python
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup ## Static types, strict
	$(BIN)/mypy

contracts: setup ## Who may import whom
	$(BIN)/lint-imports

sql: setup ## Lint rules of SQL
	$(BIN)/sqlfluff lint --disable-progress-bar dbt operational/migrations/sql

parse: setup ## Does dbt understand the whole project
	$(BIN)/dbt --quiet parse --project-dir dbt --profiles-dir dbt

migrations: setup ## Up, compared with the models, down, and up again
	$(BIN)/pytest tests/kingpost/test_migrations.py

browser: setup ## Find or install the Chromium of the browser tests
	@.ci/browser

mutants: setup ## Do the tests notice bugs of one character? make mutants ARGS=operational/kit/money.py
	$(BIN)/python -m tests.mutants.run $(ARGS)

##@ Maintain

format: setup ## Rewrite Python and SQL the house way
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix --disable-progress-bar dbt operational/migrations/sql

lock: setup ## Compile requirements.txt anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --quiet --upgrade -o requirements.txt
