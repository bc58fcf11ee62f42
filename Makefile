# make demo: set up, and tag the example session. make test: set up, and run every check.
# make notebooks: run the notebooks and keep what they print and draw.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test notebooks clean

demo: $(VENV)/installed
	$(BIN)/action-recs demo

test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

notebooks: $(VENV)/installed-dev
	PYTHONWARNINGS="ignore:IProgress not found" $(BIN)/pytest --nbmake --nbmake-timeout=1800 --overwrite notebooks

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
