"""From images to classes with calibrated probabilities."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Union

import numpy as np

from fashionlab.errors import UsageError
from fashionlab.options import spelled
from fashionlab.photos.garment import Photo, Step
from fashionlab.photos.reading import Box, read_picture
from fashionlab.photos.see import see
from fashionlab.portable import forward, open_portable
from fashionlab.prediction.facts import find_facts, photo_facts
from fashionlab.store import Run
from fashionlab.text import html_table
from fashionlab.training.softmax import softmax

if TYPE_CHECKING:
    from PIL import Image

Source = Union[str, Path, "Image.Image", np.ndarray]
"""What one photograph may be: a file, an image of Pillow's, or an array, uint8 [h, w] or [h, w, 3 or 4]."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a run says of one photograph.

    class_name: the most likely class; probabilities: by class, calibrated, sum 1; unlike: whether the image is unlike
    the training images, None where that is not known; distance: from them (`unlike.Familiar`), beyond 1 it is unlike,
    None likewise; image: uint8 [side, side], what the network saw; steps: how it came about; remarks: what to know
    about it, in sentences.
    """

    class_name: str
    probabilities: dict[str, float]
    unlike: bool | None
    distance: float | None
    image: np.ndarray = field(repr=False)
    steps: list[Step] = field(repr=False)
    remarks: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        likely = sorted(self.probabilities.items(), key=lambda item: -item[1])[:3]
        rows: dict[str, object] = {name: f"{100 * share:.1f} %" for name, share in likely}
        return html_table(self.class_name, rows | {f"note {n}": said for n, said in enumerate(self.remarks, 1)})


class Views(NamedTuple):
    """The images that a network is shown of photographs, and how its logits for them become one answer a photograph.

    images: uint8 [m, side, side], of each photograph its own image and then the same in other widths; own: int [n],
    where each photograph's own image is; counts: int [n], how many images there are of it.
    """

    images: np.ndarray
    own: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, photos: Sequence[Photo]) -> "Views":
        """At least one photograph is needed."""
        counts = np.array([1 + len(photo.others) for photo in photos])
        images = np.stack([image for photo in photos for image in (photo.image, *photo.others)])
        return cls(images, np.cumsum(counts) - counts, counts)

    def mean(self, logits: np.ndarray) -> np.ndarray:
        """Float [n, classes] of logits [m, classes]: the mean, in which a photograph's own image counts twice."""
        sums = np.add.reduceat(logits, self.own, axis=0) + logits[self.own]
        result: np.ndarray = sums / (self.counts + 1)[:, None]
        return result


class Predictor:
    """A run, opened once to answer for any number of images.

    remarks: what holds for all its answers, in sentences. Raises RunCorrupt, UntrustedModel.
    """

    def __init__(self, run: Run, trust: str | None = None, data_dir: str | Path | None = None) -> None:
        run.require_complete()
        self._run, self._trust = run, trust
        self._network = open_portable(run)
        self._facts = find_facts(run, self._network, data_dir)
        self.photo_facts = photo_facts(run.spec, self._facts.ground)
        self.class_names = run.spec.data.class_names
        self.remarks = self._facts.remarks
        if self._facts.temperature is None:
            self.remarks += (
                "the probabilities are not calibrated: the run is a refit and has no validation set to calibrate by",
            )

    @property
    def judges_unlike(self) -> bool:
        """Whether it is known what is unlike the training images."""
        return self._facts.familiar is not None

    def prepare(self, source: Source, crop: Box | None = None) -> Photo:
        """What the network sees of one photograph. Raises DataInvalid, UsageError."""
        return see(read_picture(source, crop), self.photo_facts, cropped=crop is not None)

    def judge(self, photos: list[Photo]) -> list[Prediction]:
        """What the run says of photographs that were prepared."""
        if not photos:
            return []
        views = Views.of(photos)
        distances: np.ndarray | None = None
        if self._network is None:
            logits = logits_of(self._run, views.images, self._trust)
        else:
            logits, features = forward(self._network, views.images)
            if self._facts.familiar is not None:
                own = views.own
                distances = self._facts.familiar.distances(views.images[own], features[own])
        logits = views.mean(logits)
        shares = softmax(logits / (self._facts.temperature or 1.0))
        return [
            self._prediction(photo, share, None if distances is None else float(distances[i]))
            for i, (photo, share) in enumerate(zip(photos, shares, strict=True))
        ]

    def _prediction(self, photo: Photo, shares: np.ndarray, distance: float | None) -> Prediction:
        unlike, remarks = None if distance is None else distance > 1, tuple(photo.remarks)
        if unlike:
            remarks += (
                f"the image is unlike the training images (distance {distance:.2f}, 99 % of the validation images are "
                "within 1): the classes may not apply",
            )
        probabilities = {name: float(share) for name, share in zip(self.class_names, shares, strict=True)}
        best = self.class_names[int(shares.argmax())]
        return Prediction(best, probabilities, unlike, distance, photo.image, photo.steps, remarks)

    def predict(self, source: Source, crop: Box | None = None) -> Prediction:
        """What the run says of one photograph. Raises DataInvalid, UsageError."""
        return self.judge([self.prepare(source, crop)])[0]


def logits_of(run: Run, images: np.ndarray, trust: str | None = None) -> np.ndarray:
    """Logits float32 [n, classes] of images as the network sees them, uint8 [n, side, side], by the run's own model in
    a worker process."""
    from fashionlab.evaluation.tasks import PREDICT, PredictArguments
    from fashionlab.training.architectures import architecture_of
    from fashionlab.workers.pool import borrow

    # What nobody vouched for is refused here, where that takes no worker, and lets go of none.
    architecture_of(run, trust)
    # A user's own model may run on one backend alone: it is asked where it was trained.
    backend = "jax" if run.spec.model_sha256 is None else run.spec.backend
    with tempfile.TemporaryDirectory() as folder, borrow(backend, preload=[PREDICT.module]) as worker:
        given, answer = Path(folder) / "images.npy", Path(folder) / "logits.npy"
        np.save(given, images)
        worker.call(PREDICT, PredictArguments(str(run.path), str(given), str(answer), trust))
        logits: np.ndarray = np.load(answer, allow_pickle=False)
        return logits


def parse_box(text: str) -> Box:
    """A crop box as the command line has it: "x,y,w,h". Raises UsageError."""
    parts = text.split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() and len(part) < 10 for part in parts):
        raise UsageError(
            f"{spelled('crop')}: given {text!r}, expected x,y,w,h: whole pixels of the upright image, as 40,20,300,400"
        )
    return Box(*(int(part) for part in parts))
