# Needs Python 3.11 or newer and make; everything else comes with "make setup".
SHELL := /bin/sh
.DEFAULT_GOAL := help
PORT ?= 8000
DATA ?= var/demo
FAULTS ?= quick
PY := .venv/bin/python
PYTEST := .venv/bin/pytest -n 2 -q
PIP := $(PY) -m pip --disable-pip-version-check --no-cache-dir -q install
export PIP_ROOT_USER_ACTION = ignore

.PHONY: help setup setup-dev demo up test test-walls check snapshots bench bench-search faults guide lock

help: ## Diese Übersicht (default)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/ready ## Umgebung in .venv einrichten
setup-dev: .venv/ready-dev ## Dazu die Werkzeuge für Tests und Prüfungen

.venv/ready: requirements.lock pyproject.toml
	@deploy/make-venv .venv
	@echo "Pakete werden geladen; beim ersten Mal dauert das etwa eine Minute."
	@$(PIP) --require-hashes --only-binary :all: -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/ready-dev: .venv/ready tests/requirements.lock
	@$(PIP) --require-hashes --only-binary :all: -r tests/requirements.lock
	@touch $@

demo: .venv/ready ## Alles mit Beispieldaten starten [PORT=8000] [DATA=var/demo]
	@exec $(PY) -m circle.cli demo --port "$(PORT)" --data "$(DATA)"

up: .venv/ready ## Alles ohne Beispieldaten starten [PORT=8000] [DATA=var/circle]
	@exec $(PY) -m circle.cli up --port "$(PORT)" --data "$(if $(filter file,$(origin DATA)),var/circle,$(DATA))"

test: .venv/ready-dev ## Alle Tests
	@$(PYTEST) tests

# Two walls stand before confidential matter; each has to hold when the other one is taken away.
test-walls: .venv/ready-dev ## Vertrauliches mit nur einer der beiden Schutzwände prüfen
	@CIRCLE_TEST_WITHOUT=predicate $(PYTEST) -m confidential tests
	@CIRCLE_TEST_WITHOUT=rows $(PYTEST) -m "not browser and not faults and not local" tests

check: .venv/ready-dev ## Form, Typen, Reihenfolge der Importe, Hausregeln
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@$(PYTEST) tests/house --ignore tests/house/test_walk.py

# Tests compare what is generated with what is kept; the difference in git is what a reviewer reads.
snapshots: .venv/ready-dev ## db/schema.sql, API-Beschreibung, Routen, Türen und Kalenderdateien neu schreiben
	@CIRCLE_SNAPSHOTS=renew .venv/bin/pytest -q -n0 -k "kept_one or migrations_make or every_door or is_listed_opens or file_is_as_it_was" \
		tests/house tests/meetings/feeds/test_golden.py
	@git --no-pager diff --stat -- db/schema.sql tests/house tests/meetings/feeds/golden || true

bench: .venv/ready-dev ## Geschwindigkeit messen
	@$(PY) -m tests.bench

bench-search: .venv/ready-dev ## Suche messen: CORPUS=ordner
	@test -n "$(CORPUS)" || { echo "Nennen Sie den Ordner: make bench-search CORPUS=ordner" >&2; exit 2; }
	@$(PY) -m tests.bench.search "$(CORPUS)"

faults: .venv/ready-dev ## Ausfälle durchspielen [FAULTS=quick|full]
	@FAULTS="$(FAULTS)" .venv/bin/pytest -q -m faults tests/faults

guide: .venv/ready-dev ## Die Bilder des Handbuchs neu aufnehmen
	@$(PY) -m tests.browser.guide
	@git --no-pager diff --stat -- docs/handbuch || true

# The two lock files carry names, versions and hashes only, so that they install from any index.
lock: .venv/ready-dev ## Versionen neu festschreiben
	@.venv/bin/uv lock -q
	@.venv/bin/uv export -q --frozen --no-dev --no-emit-project --no-header --no-annotate -o requirements.lock
	@.venv/bin/uv export -q --frozen --only-group dev --no-header --no-annotate -o tests/requirements.lock
	@! grep -nE "https?://|--(extra-)?index-url|--find-links" requirements.lock tests/requirements.lock
