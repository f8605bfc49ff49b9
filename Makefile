# Every target is the plain command below it, run with the Python of `.venv`.
RUN := .venv/bin/python -m
PARALLEL := --numprocesses 2 --dist loadfile
export PYTHONUTF8 := 1
# Notebooks run in their own folder, where a relative path would lead elsewhere.
ifdef MMTUTOR_DATA
export MMTUTOR_DATA := $(abspath $(MMTUTOR_DATA))
endif

.DEFAULT_GOAL := help
.PHONY: help setup book check test lint lab notebooks replicate curves bench doctor links release-assignments grade challenge leaderboard exercises-report instructors slides clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-20s%s\n", $$1, $$2}' Makefile

setup:  ## install into .venv what is missing there (all others do this first)
	@sh tools/setup.sh

book: setup  ## build the book and print where it is
	@.venv/bin/jupyter-book build . --all -W -n --keep-going --quiet
	@echo "The book: $(CURDIR)/_build/html/index.html"

# Two processes share the cores: with more threads each, they would wait for one another.
check test notebooks replicate exercises-report: export OMP_NUM_THREADS := 1

check: lint  ## check style and types, and test the package: minutes, while you work
	@$(RUN) pytest tests/model tests/training tests/data tests/figures tests/exercises -m "not slow" $(PARALLEL)

test: lint book  ## check style and types, build the book, run all tests and notebooks
	@$(RUN) pytest --durations 25 $(PARALLEL)

lint: setup  ## check style and types
	@$(RUN) ruff check --quiet
	@$(RUN) ruff format --check --quiet
	@$(RUN) mypy

# The root is served, so that links from notebooks into book/ lead somewhere.
lab: setup  ## open the notebooks in JupyterLab
	@$(RUN) jupyterlab --notebook-dir . --LabApp.default_url=/lab/tree/notebooks --allow-root

notebooks: setup  ## execute the notebooks that changed and store their outputs (ALL=1: all)
	@$(RUN) tools.notebooks execute $(if $(ALL),--all)
	@$(if $(ALL),$(RUN) tools.runtimes)

replicate: setup  ## measure the pages' findings under other conditions (ALL=1: again)
	@$(RUN) tools.replicate $(if $(ALL),--all) $(NAMES)

curves: setup  ## measure the pages' comparisons at other budgets, where they changed (NAMES=text)
	@$(RUN) tools.curves $(if $(ALL),--all) $(NAMES)

bench: setup  ## time the package beside its rivals, and redraw the book's page of costs
	@$(RUN) benchmarks
	@$(RUN) tools.costs

exercises-report: setup  ## count how often the exercises' checks judge rightly
	@$(RUN) tools.exercises_report

doctor: setup  ## check the installation
	@$(RUN) mmtutor doctor

links: setup  ## point every link to a fork: make links REPOSITORY=owner/name
	@$(RUN) tools.links $(REPOSITORY)

release-assignments: setup  ## make the students' notebooks (SEED=2027: another variant)
	@$(RUN) classroom release $(if $(SEED),--seed $(SEED)) $(if $(ASSIGNMENT),--assignment $(ASSIGNMENT))

grade: setup  ## grade notebooks in a sandbox: make grade SUBMISSIONS=folder (ASSIGNMENT=2)
	@test -n "$(SUBMISSIONS)" || { echo "Say what to grade: make grade SUBMISSIONS=folder" >&2; exit 2; }
	@$(RUN) classroom grade "$(SUBMISSIONS)" $(if $(ASSIGNMENT),--assignment $(ASSIGNMENT)) $(if $(SEED),--seed $(SEED)) $(if $(UNSAFE),--unsafe-without-sandbox)

challenge: setup  ## draw a challenge for a class: make challenge SEED="a long secret"
	@$(RUN) classroom.challenge make --output challenge $(if $(SEED),--seed "$(SEED)")
	@$(RUN) classroom.challenge baselines challenge

leaderboard: setup  ## judge a folder: make leaderboard SUBMISSIONS=dir (PUBLIC=1: without the private half)
	@$(RUN) classroom.challenge leaderboard "$(SUBMISSIONS)" --output challenge \
		--answers $(or $(ANSWERS),challenge/teacher/answers.npz) $(if $(PUBLIC),--public)

instructors: setup  ## build the instructor's edition: notes, solutions, answers
	@$(RUN) classroom edition

slides: setup  ## make slides of the book's parts, to be opened offline (PART=2: one)
	@$(RUN) classroom slides $(PART)

clean:  ## remove what was built, but not .venv
	@rm -rf _build
