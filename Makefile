# The same commands for people and for CI. Each target makes its virtual environment if it does not exist.
#
#   make demo        the reference app behind CGI, WSGI and ASGI at once; MODE=wsgi|asgi|cgi for one; ARGS="--port 0 --quiet"
#   make test        the tests; ARGS="-k trace" to choose; MATRIX=yes for all servers and apps (tests/matrix.py), as CI does
#   make quick       the pure and in-process tests that are not slow, in under a minute; ARGS as for make test
#   make check       ruff format, ruff check, mypy --strict, plain English, the documentation built strictly
#   make test-all    the tests on every Python 3.11+ of this machine, and the adapters' tests on the Pythons of .ci/newer-pythons
#   make bench       the figures of docs/benchmarks.md: adapters, peers and servers side by side (a few minutes, on a quiet machine)
#   make bench-ledger  docs/benchmarks-ledger.md: calls, context switches, system calls and instructions per request (up to 25 minutes)
#   make bench-tails docs/benchmarks-tails.md: p50, p99 and p99.9 at half of capacity, and their causes (seven minutes, on a quiet machine)
#   make bench-scale docs/benchmarks-scale.md: 1,000 and 10,000 streams; cost by clients, body and headers (four minutes, on a quiet machine)
#   make bench-cgi   docs/benchmarks-cgi.md: the cost of a CGI request, cold and warm, compared with other hosts (two minutes, on a quiet machine)
#   make bench-threads  docs/benchmarks-free-threading.md: a WSGI app with the GIL and without (three minutes, on a quiet machine);
#                    PYTHONS="python3.13 python3.13t": two builds that have uvicorn
#   make results     docs/results.md: common claims about CGI, WSGI and ASGI, checked with `gateways compare` (ten minutes, on a quiet machine)
#   make peers       docs/peers.md: the contract suites run against this project's adapters and the peers'; ARGS=asgi_to_wsgi for one; ARGS=apps
#                    for docs/peers-real-apps.md
#   make soak        a million requests through each adapter, 1 GB up and down, 32 clients at once, and the resources that remain in use (16 minutes)
#   make soak-websockets  WebSockets of an ASGI app under load on ten WSGI servers (four minutes); ARGS="--idle 5000" for idle ones
#   make soak-streams  event streams that hold no thread; ARGS="--streams 1000" for open ones
#   make soak-cgi      clients that disconnect from CGI programs at random moments
#   make autobahn    the Autobahn test suite against WebSockets under WSGI; WSTEST=command that runs it (Python 2.7; a minute)
#   make site        the documentation as a website, in site/: open site/index.html (seconds)
#   make docs        regenerate the outputs and files that README.md and docs/ show, and build the documentation (a few minutes)
#   make images      the pictures of README.md; ARGS=run.json for the picture of a comparison, from its JSON file
#   make clean       remove the virtual environments and the files that tools have created

VENV ?= .venv
BIN = $(VENV)/bin
PYTHON ?= $(shell .ci/pythons | sed -n '1s/^[^ ]* //p')
# Test files that run side by side. Many tests wait for servers and programs: five files leave two cores idle half of the time,
# ten almost never. Each further worker costs 4 s of CPU time, for importing the tests.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) > 1 ? 10 : 4)))
CHECKED = $(wildcard gateways demos benchmarks tests)
# ruff does not follow the link gateways/adapters.
FORMATTED = $(CHECKED) adapters

# Tests start more than a thousand Pythons, and each worker imports all tests: uncached, that takes a minute of CPU time.
unexport PYTHONDONTWRITEBYTECODE

# Tests that `make quick` excludes: loops other than asyncio, programs and servers in separate processes, and counts.
LONG = uvloop or trio or imports_alone or measure or test_ledger or test_reaper or test_cgi_to or test_clauses or test_on_loop \
    or test_in_thread or test_stats or warm

.PHONY: demo test quick check test-all bench bench-ledger bench-tails bench-scale bench-cgi bench-threads results peers soak soak-websockets soak-streams soak-cgi autobahn site docs images clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.demo
	@$(BIN)/gateways demo $(if $(MODE),--mode $(MODE)) $(ARGS)

test: $(VENV)/.test
	$(BIN)/pytest -n $(WORKERS) --dist loadfile $(if $(MATRIX),,-m 'not matrix') $(ARGS)

quick: $(VENV)/.test
	$(BIN)/pytest -q -n 6 --dist loadfile -m 'not slow' -k 'not ($(LONG))' \
	    tests/adapters tests/gateways tests/test_architecture.py tests/benchmarks tests/peers $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check $(FORMATTED)
	$(BIN)/ruff check $(FORMATTED)
	$(BIN)/mypy $(CHECKED)
	$(BIN)/pytest -q tests/test_plain_english.py
	$(BIN)/zensical build --strict

test-all:
	@.ci/pythons | { \
	    failed=; \
	    while read -r version path; do \
	        echo "== Python $$version ($$path)"; \
	        $(MAKE) --no-print-directory test MATRIX=yes VENV=.venv-$$version PYTHON="$$path" </dev/null || failed="$$failed $$version"; \
	    done; \
	    .ci/newer-pythons || failed="$$failed newer"; \
	    [ -z "$$failed" ] || { echo "failed on:$$failed" >&2; exit 1; }; \
	}

bench: $(VENV)/.test
	@mkdir -p docs
	$(BIN)/python -m benchmarks.adapters > docs/benchmarks.md.new
	@mv docs/benchmarks.md.new docs/benchmarks.md

bench-ledger: $(VENV)/.test
	$(BIN)/python -m benchmarks.ledger > docs/benchmarks-ledger.md.new
	@mv docs/benchmarks-ledger.md.new docs/benchmarks-ledger.md

bench-tails: $(VENV)/.test
	$(BIN)/python -m benchmarks.tails docs/images/tails.svg > docs/benchmarks-tails.md.new
	@mv docs/benchmarks-tails.md.new docs/benchmarks-tails.md

bench-scale: $(VENV)/.test
	$(BIN)/python -m benchmarks.scale docs/images > docs/benchmarks-scale.md.new
	@mv docs/benchmarks-scale.md.new docs/benchmarks-scale.md

bench-cgi: $(VENV)/.test
	@mkdir -p docs
	$(BIN)/python -m benchmarks.cgi > docs/benchmarks-cgi.md.new
	@mv docs/benchmarks-cgi.md.new docs/benchmarks-cgi.md

bench-threads: $(VENV)/.test
	$(BIN)/python -m benchmarks.free_threading $(PYTHONS) > docs/benchmarks-free-threading.md.new
	@mv docs/benchmarks-free-threading.md.new docs/benchmarks-free-threading.md

results: $(VENV)/.test
	@mkdir -p docs
	$(BIN)/python -m benchmarks.results $(ARGS) > docs/results.md.new
	@mv docs/results.md.new docs/results.md
	$(BIN)/python -m tests.docs.copies

peers: $(VENV)/.test
	$(BIN)/python -m $(if $(filter apps,$(ARGS)),tests.real.native,tests.peers $(ARGS))

soak: $(VENV)/.test
	$(BIN)/python -m tests.soak.wsgi_on_asgi $(ARGS)
	$(BIN)/python -m tests.soak.asgi_on_wsgi $(ARGS)
	$(BIN)/python -m tests.soak.large_bodies
	$(BIN)/python -m tests.soak.threads

soak-websockets: $(VENV)/.test
	$(BIN)/python -m tests.soak.websockets $(ARGS)

soak-streams: $(VENV)/.test
	$(BIN)/python -m tests.soak.event_streams $(ARGS)

soak-cgi: $(VENV)/.test
	$(BIN)/python -m tests.soak.cgi $(ARGS)

autobahn: $(VENV)/.test
	$(BIN)/python -m tests.soak.autobahn "$(WSTEST)" $(ARGS)

site: $(VENV)/.dev
	$(BIN)/zensical build --strict

docs: $(VENV)/.dev
	$(BIN)/python -m tests.docs
	$(BIN)/zensical build --strict

images: $(VENV)/.test
	$(BIN)/python -m tests.real.pictures $(ARGS)

clean:
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache build dist site

$(BIN)/python:
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then \
	    echo "make: no Python 3.11 or later with its venv module was found; install one, or say PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	fi; \
	echo "making $(VENV) with $$python"; \
	"$$python" -m venv $(VENV)

# A stamp for each set of packages, older than pyproject.toml when that has changed.
define install
@echo "installing gateways$(1) into $(VENV)"
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(1)'
endef

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(call install,[toolkit])
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(call install,[test])
	@touch $@ $(VENV)/.demo

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(call install,[dev])
	@touch $@ $(VENV)/.test $(VENV)/.demo
