# Two commands do everything on a machine with Python 3.11 or newer:
#   make certify   install, certify PyTorch's libraries, print the table, write certificates/
#   make test      install, lint, check types, run every test in parallel
# `make certify-all` certifies the libraries on JAX too, which takes minutes longer.
# Both install into .venv once; they install again only when pyproject.toml or constraints.txt change.

PYTHON  ?= python3
OUT     ?= certificates
WORKERS ?= logical

LIBRARIES := torchvision fvcore torch

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: certify certify-all test lint derive bench clean
.NOTPARALLEL:

# Exit status 1 of `refloss certify` means that a library failed a check: a finding, not a failed run.
certify: $(VENV)/installed-certify
	@$(BIN)/python -m crossval certify $(LIBRARIES:%=--library %) -o $(OUT)/ || [ $$? -eq 1 ]

certify-all: $(VENV)/installed-certify
	@$(BIN)/python -m crossval certify --all-libraries -o $(OUT)/ || [ $$? -eq 1 ]

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist worksteal

lint: $(VENV)/installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --pythonpath $(BIN)/python

derive: $(VENV)/installed-test
	$(BIN)/refloss derive

bench: $(VENV)/installed-certify
	$(BIN)/python -m benchmarks.cpu

clean:
	rm -rf $(VENV) $(OUT) .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip is the last thing that venv installs, so an interrupted creation is repeated.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "refloss needs Python 3.11 or newer: $(PYTHON) is $$($(PYTHON) --version 2>&1); try make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed-certify: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing refloss and the libraries to certify into $(VENV) (a few minutes, once)"
	$(PIP) -e '.[libraries,certify]'
	@touch $@

# The test extra contains the other two.
$(VENV)/installed-test: pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing refloss and everything that its tests need into $(VENV) (a few minutes, once)"
	$(PIP) -e '.[test]'
	@touch $(VENV)/installed-certify $@
