# Every target is the plain command below it, run in the environment `.venv`.
PYTHON_IN_VENV := .venv/bin/python
STAMP := .venv/.complete
export OMP_NUM_THREADS ?= 1
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help book test lint lab notebooks doctor links clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

$(STAMP): requirements.txt pyproject.toml tools/setup.sh
	@sh tools/setup.sh

book: $(STAMP)  ## build the book into _build/html
	@.venv/bin/jupyter-book build . --all -W -n --keep-going --quiet
	@echo "The book is in _build/html/index.html"

lint: $(STAMP)  ## check style and types
	@$(PYTHON_IN_VENV) -m ruff check --quiet .
	@$(PYTHON_IN_VENV) -m ruff format --check --quiet .
	@$(PYTHON_IN_VENV) -m mypy

test: lint book  ## check style, types, package, notebooks, exercises and the built book
	@$(PYTHON_IN_VENV) -m pytest --numprocesses 2 --dist loadfile --quiet

lab: $(STAMP)  ## open the notebooks in JupyterLab
	@$(PYTHON_IN_VENV) -m jupyterlab --notebook-dir notebooks

notebooks: $(STAMP)  ## re-execute the notebooks that changed (ALL=1: all of them)
	@$(PYTHON_IN_VENV) -m tools.notebooks execute $(if $(ALL),--all)

doctor: $(STAMP)  ## check the installation
	@$(PYTHON_IN_VENV) -m mmtutor doctor

links: $(STAMP)  ## point all links to a fork: make links REPOSITORY=owner/name
	@$(PYTHON_IN_VENV) -m tools.links $(REPOSITORY)

clean:  ## remove what was built, but not the environment
	@rm -rf _build
