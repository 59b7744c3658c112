"""Runs in MLflow: `pip install mlflow`, `python log_to_mlflow.py`, and `mlflow ui` shows them."""

from pathlib import Path

import mlflow
from msgspec.structs import asdict

import fashionlab
from fashionlab.tracking import EpochDone, RunFinished, RunStarted, TrainingStarted


def to_mlflow(event):
    """Take the events of single runs, one after another."""
    match event:
        case RunStarted():
            recipe = event.spec.recipe
            mlflow.start_run(run_name=Path(event.run).name)
            mlflow.log_params({"model": recipe.model.name, "seed": recipe.seed, **recipe.settings})
        case TrainingStarted():  # of a run that goes on, with the epochs that it has
            for row in event.history:
                log_row(row)
        case EpochDone():
            log_row(event.row)
        case RunFinished():
            for name, found in event.metrics.sets.items():
                low, high = found.accuracy_low, found.accuracy_high
                names = (f"{name}_accuracy", f"{name}_accuracy_low", f"{name}_accuracy_high")
                mlflow.log_metrics(dict(zip(names, (found.accuracy, low, high), strict=True)))
            mlflow.log_artifacts(str(Path(event.run) / "derived"))
            mlflow.end_run()


def log_row(row):
    """An epoch; in a refit two of its values are None."""
    mlflow.log_metrics({name: value for name, value in asdict(row).items() if value is not None}, step=row.epoch)


if __name__ == "__main__":
    fashionlab.train("mlp", epochs=12, execution=fashionlab.ExecutionOptions(on_event=to_mlflow))
