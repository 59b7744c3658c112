"""The data set of a run: loaded once a process, and known to be the same to the bit."""

from fashionlab.data import Dataset, load
from fashionlab.errors import DataError, RunCorrupt
from fashionlab.store import Run

_held: dict[str, Dataset] = {}


def hold(dataset: Dataset) -> None:
    """Keep a whole data set for the runs to come, in place of the one before: it may be large."""
    _held.clear()
    _held[dataset.sha256] = dataset


def load_for(run: Run, data_dir: str | None) -> Dataset:
    """The run's data set, limited as its recipe says. Raises DataError if what is found now is another."""
    data, sha256 = run.spec.recipe.data, run.spec.data.sha256
    dataset = _held.get(sha256)
    if dataset is None:
        dataset = load(data.dataset, data_dir=data_dir, preparation=data.preparation, again=True)
        if dataset.sha256 != sha256:
            raise DataError(
                f"the data set {data.dataset!r} has changed since run {run.name} was started "
                f"(SHA-256 {dataset.sha256[:12]}…, expected {sha256[:12]}…); give it the old data, or train anew"
            )
        hold(dataset)
        # One that is held may have come to the same images in another way.
        if run.spec.data.pixels != dataset.facts:
            raise RunCorrupt(
                f"{run.path / 'recipe.json'} is damaged (its images were prepared in another way than those of the "
                f"data set {data.dataset!r} are); delete the run and train anew"
            )
    said, found = run.spec.data, (dataset.class_names, dataset.images.shape[1])
    if (said.class_names, said.side) != found:
        raise RunCorrupt(
            f"{run.path / 'recipe.json'} is damaged (its class names or its side are not those of the data set "
            f"{data.dataset!r}); delete the run and train anew"
        )
    return dataset.limited(data.limit) if data.limit else dataset
