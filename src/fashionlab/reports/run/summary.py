"""A run's report as plain data: all that it shows, composed once for the page, the card, the terminal and `--json`."""

from msgspec import Struct

from fashionlab.evaluation import Insight, Missing
from fashionlab.reports.run.sections.answer import NOTHING_PREDICTED, AnswerSection, answer
from fashionlab.reports.run.sections.confidence import ConfidenceSection, confidence
from fashionlab.reports.run.sections.errors import ErrorsSection, errors
from fashionlab.reports.run.sections.inside import InsideSection, PixelSection, inside
from fashionlab.reports.run.sections.learning import LearningSection, learning
from fashionlab.reports.run.sections.made import MadeSection, made
from fashionlab.reports.run.sections.tryit import TryItSection, tryit
from fashionlab.reports.run.shown import PredictedSet, ShownImage, ShownImages
from fashionlab.reports.wording import kind_text
from fashionlab.store import Run

FORMAT_VERSION = 3


class RunReport(Struct, frozen=True, kw_only=True):
    """`derived/report.json`. images: every image that a section shows, which it names by its number here, counted from
    0; images_missing: why their pixels are not in the page, None where they are."""

    format: int = FORMAT_VERSION
    run: str
    title: str
    class_names: tuple[str, ...]
    answer: AnswerSection
    tryit: TryItSection | Missing
    learning: LearningSection | Missing
    errors: ErrorsSection | Missing
    confidence: ConfidenceSection | Missing
    inside: InsideSection | PixelSection | Missing
    made: MadeSection
    images: tuple[ShownImage, ...]
    images_missing: Missing | None = None

    @property
    def missing(self) -> dict[str, str]:
        """What could not be made, and why."""
        parts = {
            "try it": self.tryit,
            "learning": self.learning,
            "errors": self.errors,
            "confidence": self.confidence,
            "inside": self.inside,
            "images": self.images_missing,
        }
        return {name: found.reason for name, found in parts.items() if isinstance(found, Missing)}


def summarise_report(run: Run, insight: Insight) -> RunReport:
    """The report of a finished run. insight: of `evaluation.find_insight`."""
    recipe, data, metrics, predictions = run.spec.recipe, run.spec.data, run.metrics, run.predictions
    sets = {
        name: PredictedSet(name, found)
        for name in ("test", "validation")
        if metrics.of(name) and (found := predictions.of(name))
    }
    judged = next(iter(sets.values()), None)
    figures = metrics.test or metrics.validation
    images = ShownImages()
    assured = confidence(predictions, judged.name) if judged else Missing(NOTHING_PREDICTED)
    scaling = None if isinstance(assured, Missing) else assured.calibration.scaling
    wrong = errors(data, figures, judged, images) if judged and figures else Missing(NOTHING_PREDICTED)
    return RunReport(
        run=run.name,
        title=f"{recipe.model.name}, seed {recipe.seed}" + kind_text(bool(run.spec.origins), bool(recipe.refit)),
        class_names=data.class_names,
        answer=answer(run),
        tryit=tryit(run, sets, scaling.temperature if scaling else None, images),
        learning=learning(run),
        errors=wrong,
        confidence=assured,
        inside=inside(insight, sets.get("validation"), images),
        made=made(run),
        images=images.all,
    )
