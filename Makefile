# make demo: set up, and tag the example session. make test: set up, and run every check.
# make notebooks: run the notebooks and keep what they print and draw. make docs: the site. make audit: known weaknesses of the
# code and what it needs. make soak: what takes hours, faults and hard transcripts by the hundred.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test notebooks docs audit soak clean

demo: $(VENV)/installed
	$(BIN)/action-recs demo

test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

notebooks: $(VENV)/installed-dev
	PYTHONWARNINGS="ignore:IProgress not found" $(BIN)/pytest --nbmake --nbmake-timeout=1800 --overwrite notebooks

docs: $(VENV)/installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

audit: $(VENV)/installed-dev
	$(BIN)/python tests/trust/audit.py

soak: $(VENV)/installed-dev
	$(BIN)/pytest -m slow tests/trust

# Made anew when it was left half-made; on Debian, "python3 -m venv" needs the package python3-venv.
$(VENV)/made:
	$(PYTHON) -m venv --clear $(VENV)
	touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/made pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist *.egg-info
