"""The trials of a search, as Optuna keeps and proposes them: the only file that uses Optuna.

What is known lies in one SQLite file, which the process that holds the search's lock writes. Each proposal depends on
the trials in it and on the search's seed alone: so a search that was killed goes on as if it had not been, as far as
trials end in the same order.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import optuna
from optuna.trial import TrialState

from fashionlab.errors import RunCorrupt
from fashionlab.search import summary
from fashionlab.search.space import Field, Value

STARTUP = 8
"""Trials at random before the sampler learns from them (tree-structured Parzen estimator, Bergstra et al. 2011)."""

PRUNE_AFTER = 5
"""Finished trials before one is stopped by comparison with them, and as many epochs of it."""

LARGEST = 2**28
"""Bytes of the file; 10,000 trials of 100 epochs have 60 MB."""

LEAST_FOR_IMPORTANCE = 10
"""Finished trials of which the fields' importance is told."""

STATES: dict[TrialState, "summary.TrialState"] = {
    TrialState.RUNNING: "under way",
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}

Applies = Callable[[Field, dict[str, Value]], bool]
"""Whether a trial with these values so far has the field."""


class Trials:
    """The trials of one search. Numbers are Optuna's, from 0 on."""

    def __init__(self, path: Path, fields: Sequence[Field], seed: int, maximize: bool, prune: bool) -> None:
        """path: the SQLite file, made if missing; seed: of the proposals. Raises RunCorrupt if it cannot be read."""
        optuna.logging.set_verbosity(logging.ERROR)
        logging.getLogger("alembic").setLevel(logging.ERROR)
        self._fields, self._seed = {field.name: field for field in fields}, seed
        self._open: dict[int, optuna.Trial] = {}
        self._reported: dict[int, set[int]] = {}
        self._known: tuple[summary.Trial, ...] | None = None
        if path.exists() and path.stat().st_size > LARGEST:
            raise RunCorrupt(f"{path} has more than {LARGEST} bytes; restore it from a copy")
        pruner = (
            optuna.pruners.MedianPruner(n_startup_trials=PRUNE_AFTER, n_warmup_steps=PRUNE_AFTER, n_min_trials=3)
            if prune
            else optuna.pruners.NopPruner()
        )
        try:
            # Quoted, because a path may hold what a database's address would take for its own.
            self._storage = optuna.storages.RDBStorage(f"sqlite:///{quote(str(path.absolute()))}")
            self._study = optuna.create_study(
                storage=self._storage, study_name="search", load_if_exists=True, pruner=pruner,
                direction="maximize" if maximize else "minimize",
            )  # fmt: skip
        except Exception as error:  # SQLAlchemy's, Alembic's and Optuna's own: whatever it is, the file is at fault
            raise RunCorrupt(
                f"{path} cannot be used ({type(error).__name__}: {error}); restore it from a copy"
            ) from None

    def close(self) -> None:
        """Let go of the file."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def all(self) -> tuple[summary.Trial, ...]:
        """Every trial that was proposed, in order; what waits to be is none yet."""
        # Nobody else writes the file, so what has been read stays right until something is written here.
        if self._known is None:
            self._known = tuple(
                summary.Trial(number=each.number, state=STATES[each.state], values=dict(each.params), **each.user_attrs)
                for each in self._study.get_trials(deepcopy=False)
                if each.state != TrialState.WAITING
            )
        return self._known

    def begin_with(self, values: dict[str, Value]) -> None:
        """Have the first trial try these values. Does nothing once there is a trial."""
        if not self._study.get_trials(deepcopy=False):
            self._study.enqueue_trial(values)

    def unfinished(self) -> list[int]:
        """Trials that were proposed and have no end, as after a kill."""
        return [trial.number for trial in self.all() if trial.state == "under way"]

    def ask(self, applies: Applies) -> tuple[int, dict[str, Value]]:
        """A new trial: its number and its values. applies: whether a trial with these values has the field."""
        count = len(self.all())
        # As many proposals ahead as there were: the sampler's state is nowhere but in the file.
        self._study.sampler = optuna.samplers.TPESampler(n_startup_trials=STARTUP, seed=self._seed * 100_003 + count)
        trial = self._study.ask()
        return trial.number, self._begin(trial, applies)

    def again(self, number: int, applies: Applies) -> dict[str, Value]:
        """The values of an unfinished trial; those that it lacks, because the process was killed on the way, too."""
        frozen = self._study.get_trials(deepcopy=False)[number]
        self._reported[number] = {*frozen.intermediate_values}
        return self._begin(optuna.Trial(self._study, frozen._trial_id), applies)

    def report(self, number: int, step: int, value: float) -> bool:
        """Note a value of the validation curve; return whether the trial should be stopped."""
        trial = self._open[number]
        reported = self._reported.setdefault(number, set())
        if step in reported:
            return False
        reported.add(step)
        trial.report(value, step)
        return trial.should_prune()

    def end(self, number: int, state: str, value: float | None = None, **facts: Any) -> None:
        """A trial is over: "finished" (with its value), "pruned" or "failed". facts: what else is known of it."""
        trial = self._open.pop(number)
        for name, fact in facts.items():
            if fact is not None:
                trial.set_user_attr(name, fact)
        wanted = next(own for own, name in STATES.items() if name == state)
        # The state is written last: a trial that has one is whole.
        self._study.tell(number, value, state=wanted)
        self._known = None

    def importance(self) -> dict[str, float]:
        """By field, the share of the differences among finished trials that it explains; empty if there are too few."""
        finished = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        common = set.intersection(*({*trial.params} for trial in finished)) if finished else set()
        values = {trial.value for trial in finished}
        # Of a field with one value nothing can be told, and the evaluator refuses it.
        told = [name for name in self._fields if name in common and len({str(t.params[name]) for t in finished}) > 1]
        if len(finished) < LEAST_FOR_IMPORTANCE or len(values) < 2 or not told:
            return {}
        # Imported here, because it imports scikit-learn.
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        evaluator = PedAnovaImportanceEvaluator(target_quantile=0.25)
        return dict(get_param_importances(self._study, evaluator=evaluator, params=told))

    def _begin(self, trial: optuna.Trial, applies: Applies) -> dict[str, Value]:
        self._open[trial.number], self._known = trial, None
        values: dict[str, Value] = {}
        for field in self._fields.values():
            if applies(field, values):
                values[field.name] = _suggest(trial, field)
        return values


def _suggest(trial: optuna.Trial, field: Field) -> Value:
    if field.choices:
        return trial.suggest_categorical(field.name, field.choices)
    if field.whole:
        step = 1 if field.step is None else int(field.step)
        return trial.suggest_int(field.name, int(field.low), int(field.high), step=step, log=field.log)
    return trial.suggest_float(field.name, field.low, field.high, step=field.step, log=field.log)
