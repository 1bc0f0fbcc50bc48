# Thin on purpose: every target is a command of `python -m course_lib`, which is also what Windows uses.
PYTHON ?= python3
ARGUMENTS ?=

TARGETS = book test test-all serve lab bench lock setup

.PHONY: help $(TARGETS)

help:
	@echo "make book    build the course website      make serve   look at it in the browser"
	@echo "make test    what a commit must pass       make test-all  everything, and five seeds of each proof"
	@echo "make bench   measure speed                 make lab     open the notebooks in JupyterLab"
	@echo "make lock    renew the pins in requirements.txt"

$(TARGETS):
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
	  echo "error: no program named $(PYTHON); install Python 3.11, 3.12 or 3.13, or name yours: make $@ PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -m course_lib $@ $(ARGUMENTS)
