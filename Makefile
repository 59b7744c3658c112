# make train      environment, pinned dependencies, data, training, evaluation, report: the whole main job
# make test       the same, plus what the tests need; runs the whole suite
# make notebook   the guided tour in JupyterLab
# make evidence   the long measurements, written to evidence/ as JSON
# make lock       resolve the dependencies again

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

# The locks hold for Python 3.11 on Linux; elsewhere pip resolves the ranges of pyproject.toml.
LOCKED := $(shell $(PYTHON) -c "import sys; print(int(sys.version_info[:2] == (3, 11) and sys.platform == 'linux'))")
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check

ifeq ($(LOCKED),1)
define install
	$(PIP) install --quiet --require-hashes --requirement locks/$(1).txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
endef
else
define install
	$(PIP) install --quiet --editable ".$(2)"
endef
endif

# Every trainer and executor is tested, so the tests need what they run on.
TESTS = [tests,tensorflow,cluster,search,tensorboard]
ALL = [tensorflow,cluster,search,tensorboard,serving,notebook,embedding,tests]

.PHONY: train test notebook evidence lock clean

train: $(VENV)/core.done
	$(VENV)/bin/fashionlab train $(ARGS)

# One process more than there are cores, as tests often wait for a child; the order is that of tests/conftest.py.
test: $(VENV)/tests.done
	$(VENV)/bin/python -m pytest --dist loadfile --no-loadscope-reorder \
		--numprocesses $$(n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? n + 1 : 4))) $(ARGS)

$(VENV)/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
		|| { echo "fashionlab needs Python 3.11 or later; give one with make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/core.done: pyproject.toml locks/core.txt | $(VENV)/bin/python
	@echo "installing what training needs into $(VENV) (about 700 MB, a minute or two) ..."
	$(call install,core,)
	@touch $@

$(VENV)/tests.done: pyproject.toml locks/tests.txt | $(VENV)/bin/python
	@echo "installing what the tests need into $(VENV) (about 2.5 GB, some minutes) ..."
	$(call install,tests,$(TESTS))
	@touch $@ $(VENV)/core.done

$(VENV)/all.done: pyproject.toml locks/all.txt | $(VENV)/bin/python
	@echo "installing every extra into $(VENV) (about 3 GB, some minutes) ..."
	$(call install,all,$(ALL))
	$(PIP) install --quiet torch==2.13.0
	@touch $@ $(VENV)/core.done $(VENV)/tests.done

notebook: $(VENV)/notebook.done
	$(VENV)/bin/jupyter lab main.ipynb

$(VENV)/notebook.done: pyproject.toml locks/notebook.txt | $(VENV)/bin/python
	@echo "installing what the notebook needs into $(VENV) (about 900 MB, a minute or two) ..."
	$(call install,notebook,[notebook])
	@touch $@ $(VENV)/core.done

evidence: $(VENV)/all.done
	$(VENV)/bin/python -m benchmarks.evidence $(ARGS)

# pip-tools has an environment of its own: it makes the locks and is no part of the project. The smaller locks start as
# copies of the large one, so that pip-compile keeps its versions and its hashes.
COMPILE = $(VENV)-lock/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options pyproject.toml locks/build.in
EXTRAS = $(foreach extra,tensorflow cluster search tensorboard serving notebook embedding tests,--extra $(extra))

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet pip-tools
	$(COMPILE) --upgrade $(EXTRAS) --output-file locks/all.txt
	cp locks/all.txt locks/core.txt && $(COMPILE) --output-file locks/core.txt
	cp locks/all.txt locks/notebook.txt && $(COMPILE) --extra notebook --output-file locks/notebook.txt
	cp locks/all.txt locks/tests.txt && $(COMPILE) --extra tests --extra tensorflow --extra cluster --extra search --extra tensorboard --output-file locks/tests.txt

clean:
	rm -rf $(VENV) $(VENV)-lock build .pytest_cache .mypy_cache .ruff_cache
