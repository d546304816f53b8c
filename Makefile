# `make match` matches the demo district, `make serve` serves it to browsers, `make test` passes every check.
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.installed
export HF_HUB_OFFLINE ?= 1

.PHONY: match serve test programs kill check setup pin clean

match: $(SETUP)
	$(BIN)/partnermatch match fixtures/demo --on 2026-09-14 --out out

serve: $(SETUP)
	$(BIN)/partnermatch serve

test: $(SETUP) programs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile -q

# A browser and a database server for the tests: installed where Debian and root allow it, else asked for.
programs:
	@missing=; \
	command -v chromium google-chrome >/dev/null || missing="chromium"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$$missing postgresql"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	else echo "Some tests are skipped without: $$missing (on Debian: sudo apt-get install $$missing)"; fi

# Kill the server 50 times, half of them on each database; `make test` does 10.
kill: $(SETUP)
	PARTNERMATCH_KILLS=25 $(BIN)/pytest -q tests/service/test_killing.py

setup: $(SETUP)

$(SETUP): pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Partnermatch needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv || \
		{ echo "Python's venv module is missing: on Debian, apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet -c .ci/constraints.txt --group dev -e .
	@touch $(SETUP)

# Take the newest releases the ranges allow, in a fresh environment, and pin them.
pin:
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --group dev -e .
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > .ci/constraints.txt

clean:
	rm -rf .venv out
