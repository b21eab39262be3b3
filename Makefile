PYTHON ?= python3

.PHONY: check format lint types imports test docs site fuzz fuzz-coverage sizes

check: lint types imports test site sizes  ## everything CI checks

lint:
	ruff format --check .
	ruff check .

format:
	ruff format .
	ruff check --fix .

types:
	mypy

imports:
	lint-imports

test:
	$(PYTHON) -m pytest -q

docs:  ## write docs/cli.md and docs/nnc.1 from --help, docs/python.md from docstrings
	$(PYTHON) tools/cli_reference.py
	$(PYTHON) tools/python_reference.py

site:  ## build the pages of docs/ into build/site; broken links are errors
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict

fuzz:  ## 60,000 damaged files through decode and encode
	$(PYTHON) -m tests.fuzz --files 60000

fuzz-coverage:  ## decode under atheris, which has to be installed
	$(PYTHON) -m tests.fuzz.coverage -max_total_time=600

sizes:
	@wc -l $$(git ls-files 'nncodec/*.py' 'nncodec/**/*.py') | sort -n | tail -8
