# make run   starts the portal with demo data         make test   runs every test this machine can run
# make check lints, types, import rules, drift        make lock   renews the pinned requirements
# make match plays a match of the sample game while the portal runs: events in it earn rewards (MATCH="--fast")
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
PORTAL_DATA_DIR ?= var
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run match test check lock bench clean
.DELETE_ON_ERROR:

run: $(VENV)/.run
	@exec $(BIN)/python manage.py serve

match: $(VENV)/.run
	@PYTHONPATH=. DJANGO_SETTINGS_MODULE=portal.sandbox.settings exec $(BIN)/python -m django play_match --from $(PORTAL_DATA_DIR)/demo.json $(MATCH)

test: $(VENV)/.dev $(VENV)/.node
	@exec $(BIN)/python -m tests.run $(TESTS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=portal.sandbox.settings $(BIN)/python -m django makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

bench: $(VENV)/.dev
	$(BIN)/python -m bench $(BENCH)

# The environment is made once, and again when the pins change. Only wheels, only with the recorded hashes.
$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Name another: make run PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing (Debian: apt install python3-venv)." >&2; exit 1; }
	@touch $@

$(VENV)/.run: requirements.lock | $(VENV)/.python
	@echo "Installing into $(VENV), once: this takes a minute or two …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/.python
	@echo "Installing …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@ $(VENV)/.run

# What tests marked "node" use. Without Node.js and npm, or without their registry, those tests are left out.
CLIENTS := tests/clients/twurple tests/clients/ws
$(VENV)/.node: $(CLIENTS:=/package-lock.json) | $(VENV)/.python
	@! command -v node >/dev/null || ! command -v npm >/dev/null || { for folder in $(CLIENTS); do \
		npm ci --prefix $$folder --ignore-scripts --no-audit --no-fund --silent --fetch-retry-mintimeout 1000 || \
			{ rm -rf $$folder/node_modules; echo "The libraries of $$folder could not be installed." >&2; exit; }; \
	done; touch $@; }

lock:
	uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock
	uv pip compile pyproject.toml --upgrade --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements-dev.lock

clean:
	rm -rf $(VENV) var $(CLIENTS:=/node_modules)
