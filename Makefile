# Everything a person types here. Needs Python >= 3.11 with venv, and make; the rest is installed into .venv.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
# One process more than there are cores, each with its own servers, browser and database. In `make test` a file's tests
# stay together, in the order of tests/conftest.py; the long tests of `make matrix` are shared one by one.
PYTEST := $(BIN)/python -m pytest -n auto

.DEFAULT_GOAL := help
.PHONY: help run reset test test-full matrix bench bench-large chaos chaos-full chaos-planted browser browsers pictures lighthouse check format audit

help: ## Say what each target does.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

run: $(STAMP) ## Start the shop on http://localhost:8000 and the simulator on http://127.0.0.1:8001; Ctrl-C stops both.
	@exec $(BIN)/python app.py

reset: ## Delete the orders and payments of simulator mode; the staff login stays. Stop the shop first.
	rm -f instance/shop.sqlite* instance/simulator.sqlite* instance/lived-in-* instance/clock

test: browser ## Run all tests but the full browser matrix; PostgreSQL takes part where it is installed.
	$(PYTEST) --dist loadfile --no-loadscope-reorder -m "not full"

test-full: matrix ## After the tests, run the full browser matrix and make chaos; PostgreSQL is required.
	@$(MAKE) chaos

matrix: test ## After the tests, run the full browser matrix; PostgreSQL is required.
	$(PYTEST) --dist worksteal -m full --require-postgresql

chaos: $(STAMP) ## Break real servers on purpose and account for every won; takes five minutes on two idle cores.
	@$(BIN)/python -m tests.chaos

chaos-full: $(STAMP) ## The same in figures that say something about a rate; takes about an hour.
	@$(BIN)/python -m tests.chaos --full

chaos-planted: $(STAMP) ## Put each known bug into real servers and see make chaos name it; takes about twenty minutes.
	@$(BIN)/python -m tests.planted

bench: $(STAMP) ## Measure the shop against a bare Flask page in one run; takes about three minutes. BENCH="--server URL" adds a page.
	@$(BIN)/python -m tests.bench $(BENCH)

bench-large: $(STAMP) ## Measure pages and searches with 1,000,000 orders against 1,000, on both engines; takes about five minutes.
	@$(BIN)/python -m tests.bench --large $(BENCH)

check: $(STAMP) ## Check format, lint and types.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(STAMP) ## Format the code and repair what the linter can repair by itself.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# pip-audit lives in an environment of its own, so that what it needs does not change what it checks.
audit: $(STAMP) ## Look up known vulnerabilities of the installed packages; needs the internet.
	@$(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	@PIPAPI_PYTHON_LOCATION=$(BIN)/python .venv/audit/bin/pip-audit --local

browser: $(STAMP) ## Find the browser that the tests drive; as root on Debian install it.
	@$(BIN)/python -m tests.tools.browser

browsers: $(STAMP) ## Buy in Firefox and in WebKit; needs the packages firefox-esr, webkit2gtk-driver and xvfb of Debian.
	@test "$$(command -v firefox-esr WebKitWebDriver Xvfb | wc -l)" = 3 \
		|| { echo 'On Debian: apt-get install -y firefox-esr webkit2gtk-driver xvfb' >&2; exit 1; }
	@$(BIN)/python -m pytest -n 0 tests/engines/purchases.py

pictures: browser ## Take the pictures of the READMEs anew.
	@$(BIN)/python -m tests.tools.pictures

lighthouse: browser ## Measure six pages with Lighthouse; needs npx of Node.js and the internet.
	@command -v npx >/dev/null || { echo 'On Debian: apt-get install -y npm' >&2; exit 1; }
	@$(BIN)/python -m tests.tools.lighthouse

# Installed again only when requirements.txt is newer than the last installation.
$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo 'Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11 run' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo 'Python lacks venv; on Debian: apt-get install -y python3-venv' >&2; exit 1; }
	@echo 'Making the environment in .venv'
	@$(PYTHON) -m venv .venv
	@echo 'Installing dependencies (about half a minute)'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $(STAMP)
