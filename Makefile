# Emberwatch. `make demo` runs the product, `make test` tests it, `make check` checks its form; each sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
NODE := service/console/node_modules/.ready
PGLITE := tests/support/pglite/node_modules/.ready
PACKAGES := base gateway service firmware-sim host migrations deploy tests benchmarks tools

.PHONY: demo test check bench soak console format clean screenshots lock
.DELETE_ON_ERROR:

demo: $(READY)
	@exec $(BIN)/emberwatch demo

test: $(READY) $(PGLITE)
	@$(BIN)/pytest -n auto --dist loadgroup

check: $(READY) $(NODE)
	@$(BIN)/ruff check $(PACKAGES)
	@$(BIN)/ruff format --check $(PACKAGES)
	@$(BIN)/mypy
	@PYTHONPATH=base:gateway:service:firmware-sim:host $(BIN)/lint-imports
	@$(BIN)/python tools/console.py check

bench: $(READY)
	@$(BIN)/python -m benchmarks

soak: $(READY)
	@$(BIN)/pytest tests -m soak

# The console's built files are kept in the tree, so that nobody needs Node to run the product.
console: $(READY) $(NODE)
	@$(BIN)/python tools/console.py build

screenshots: $(READY)
	@$(BIN)/python tools/screenshots.py

format: $(READY)
	@$(BIN)/ruff check --fix $(PACKAGES)
	@$(BIN)/ruff format $(PACKAGES)

clean:
	rm -rf .venv .cache .demo dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf service/console/node_modules tests/support/pglite/node_modules

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Emberwatch needs Python 3.11 or newer: PYTHON=python3.12 make …"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { echo "Python cannot make a virtual environment: apt-get install python3-venv"; exit 1; }
	@echo "Installing the locked versions (once) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(NODE): service/console/package-lock.json $(READY)
	@$(BIN)/python tools/npm.py service/console ci
	@touch $@

$(PGLITE): tests/support/pglite/package-lock.json $(READY)
	@$(BIN)/python tools/npm.py tests/support/pglite ci
	@touch $@

# Needs uv. Run it after a change of dependencies in pyproject.toml; `-U` in UVFLAGS takes newer versions.
lock:
	uv pip compile -q $(UVFLAGS) --universal --python-version 3.11 --generate-hashes --no-header \
	  --extra demo --group dev pyproject.toml -o requirements.lock
