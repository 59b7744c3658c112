"""One study from what was asked for to its page: declare, run, confirm, report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.data import Dataset
from fashionlab.data import load as load_dataset
from fashionlab.errors import DataError, FashionlabError, Interrupted
from fashionlab.lab.job import announce
from fashionlab.lab.studied import StudyResult
from fashionlab.reports.progress.study import plan_lines, show_study
from fashionlab.reports.study import produce_study_page
from fashionlab.store import RESULTS_VERSION
from fashionlab.store.format import to_json
from fashionlab.studies.compare import compare_models
from fashionlab.studies.design.plan import Plan
from fashionlab.studies.execution.drive import Driver, refuse_another_version
from fashionlab.studies.execution.estimate import count_done, estimate
from fashionlab.studies.execution.local import Bench, Executor, LocalExecutor, default_workers, make_benches
from fashionlab.studies.execution.machine import describe_machine
from fashionlab.studies.final import confirm
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.outcomes import Ledgers
from fashionlab.training.network import TRUST_DIGITS

Events = Callable[[dict[str, Any]], object]


@dataclass(frozen=True)
class StudyManner:
    """How a study is run, as against what it is: nothing here changes a verdict.

    minutes: of this session, None for no limit; workers: None for one a core; silence: seconds without news after which
    a run counts as hung, None for the defaults; report: make the page at the end. engine: "local" for worker processes
    here, "ray" for a cluster; address: of the cluster, None for one of this machine's own. executor: makes what
    executes the runs, from the folder for unfinished ones, in place of the engine.
    """

    data_dir: str | Path | None = None
    workers: int | None = None
    minutes: float | None = None
    on_event: Events | None = None
    report: bool = True
    silence: float | None = None
    engine: str = "local"
    address: str | None = None
    executor: Callable[[Path], Executor] | None = None

    @property
    def slots(self) -> int | None:
        """How many runs are made at once; None where a cluster has the say."""
        return self.workers or (default_workers() if self.address is None else None)

    @property
    def options(self) -> str:
        """What the command line says to run a study elsewhere, with a space in front; nothing for a local one."""
        engine = " --engine ray" if self.engine == "ray" else ""
        return engine + (f" --address {self.address}" if self.address else "")


def describe_plan(plan: Plan, runs: Path, manner: StudyManner, slots: int | None = None) -> dict[str, Any]:
    """The plan as a person wants to see it before it runs: arms, runs, estimated time; plain data.

    slots: how many runs are made at once, where that is known better than from the manner.
    """
    slots = slots or manner.slots
    return {
        "title": plan.title,
        "kind": plan.kind,
        "baseline": plan.baseline,
        "arms": [
            {
                "name": arm.name,
                "model": arm.model,
                "changes": arm.changes,
                "level": None if arm.name == plan.baseline else plan.level_of(arm),
                "added_later": arm.added_later,
            }
            for arm in plan.arms
        ],
        "seeds": plan.seeds,
        "first_seed": plan.first_seed,
        "runs": plan.seeds * len(plan.arms),
        "done": sum(count_done(plan, runs).values()),
        "margin": plan.margin,
        "judge_rows": plan.judge_rows,
        "workers": slots,
        "minutes": manner.minutes,
        "test": plan.test,
        "seconds": slots and estimate(plan, runs, slots),
    }


def run_study(folder: StudyFolder, dataset: Dataset, manner: StudyManner) -> StudyResult:
    """Make the runs that are lacking, until the study is at its end; then the test part, the page, the result.

    Raises Interrupted, with the command that goes on, at Ctrl-C.
    """
    refuse_another_version(folder, RESULTS_VERSION)
    data_dir = None if manner.data_dir is None else str(manner.data_dir)
    own = dict.fromkeys(arm.request["model_sha256"] for arm in folder.plan.arms if arm.model_source is not None)
    trust = "".join(f" --trust {sha[:TRUST_DIGITS]}" for sha in own)
    go_on = f"fashionlab study --continue {folder.path}{manner.options}{trust}"
    with folder.lock():
        folder.sweep()
        executor = _begin_executor(folder, dataset, manner, data_dir)
        try:
            if manner.on_event is None:
                for line in plan_lines(describe_plan(folder.plan, folder.path.parent, manner, executor.slots)):
                    announce(line)
                announce(f"in {folder.path}; Ctrl-C leaves a study that goes on with: {go_on}")
            with show_study(manner.on_event) as events:
                driver = Driver(
                    folder, executor, Ledgers.read(folder), events, describe_machine(), manner.minutes,
                    manner.silence, executor.slots,
                )  # fmt: skip
                state = driver.run()
                events({"event": "ended", "state": state})
                # The end is made here, wherever the runs were.
                with _benches_here(executor) as benches:
                    _conclude(driver, dataset, state, benches, data_dir, events)
        except (KeyboardInterrupt, Interrupted):
            raise Interrupted(f"stopped; go on with: {go_on}") from None
        finally:
            executor.close()
            folder.sweep()
    if manner.report:
        make_page(folder, dataset)
    return StudyResult(folder)


def _begin_executor(folder: StudyFolder, dataset: Dataset, manner: StudyManner, data_dir: str | None) -> Executor:
    if manner.executor:
        return manner.executor(folder.work)
    if manner.engine == "ray":
        # Imported here, because Ray is an extra, and takes a second.
        from fashionlab.studies.execution.cluster import ClusterExecutor

        backends = {arm.request["backend"] for arm in folder.plan.arms}
        return ClusterExecutor(folder.work, dataset, manner.address, manner.workers, backends, announce)
    return LocalExecutor(manner.workers or default_workers(), folder.work, data_dir)


@contextmanager
def _benches_here(executor: Executor) -> Iterator[Sequence[Bench]]:
    """Workers on this machine, when the runs are made: those that made them, or new ones in place of a cluster."""
    if isinstance(executor, LocalExecutor):
        yield executor.benches
        return
    executor.close()
    benches = make_benches(default_workers())
    try:
        yield benches
    finally:
        for bench in benches:
            bench.close()


def _conclude(
    driver: Driver, dataset: Dataset, state: str, benches: Sequence[Bench], data_dir: str | None, events: Events
) -> None:
    """What comes once, when no run is under way any more: the models' own figures, and the test part."""
    folder, known = driver.folder, driver.known
    more: dict[str, Any] = {}
    if folder.plan.kind == "compare":
        more["compare"] = compare_models(folder, known, data_dir, benches[0])
    if folder.plan.test:
        more["test"] = confirm(folder, known, dataset, benches, events)
    folder.write("summary.json", to_json(driver.summarise(state, **more)))


def make_page(folder: StudyFolder, dataset: Dataset | None = None) -> Path | None:
    """The study's page, from its summary; a failure is said and costs nothing. dataset: for the pictures, or None."""
    summary = folder.read_json("summary.json")
    try:
        return produce_study_page(folder.path, summary, _pictures(folder.plan, summary, dataset)) if summary else None
    except FashionlabError as error:
        announce(f"no page was made: {error}")
        return None


def load_for_plan(plan: Plan, data_dir: str | Path | None) -> Dataset:
    """The study's data set. Raises DataError if what is found now is another."""
    dataset = load_dataset(plan.data["name"], data_dir=data_dir, announce=announce)
    if dataset.sha256 != plan.data["sha256"]:
        raise DataError(
            f"the data set {plan.data['name']!r} has changed since study {plan.name} was begun (SHA-256 "
            f"{dataset.sha256[:12]}…, expected {plan.data['sha256'][:12]}…); give it the old data, or begin anew"
        )
    return dataset


def _pictures(plan: Plan, summary: Mapping[str, Any], dataset: Dataset | None) -> np.ndarray | None:
    """The pictures that all models of a comparison get wrong, in the order of the summary."""
    wrong = (summary["compare"] or {}).get("all_wrong")
    if not wrong or dataset is None:
        return None
    limit = plan.arms[0].recipe.data.limit
    images: np.ndarray = (dataset.limited(limit) if limit else dataset).images
    return images[[each["row"] for each in wrong]]
