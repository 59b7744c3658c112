"""The model card: README.md in the Hugging Face format, from a run's report."""

from typing import Any

from fashionlab.evaluation import Missing
from fashionlab.reports.measures import TITLES
from fashionlab.reports.run.sections.made import origin_line
from fashionlab.reports.run.summary import RunReport
from fashionlab.reports.wording import duration, parameters_text, times
from fashionlab.text import one_line, readable_json

FASHION_ON_HUB = "fashion_mnist"


def model_card(report: RunReport) -> str:
    """Markdown with YAML front matter. Users' text stands in JSON strings (which YAML reads) or in escaped Markdown."""
    fashion = len(report.answer.references) > 1
    network = report.made.spec.recipe.training is not None
    dataset = {"name": "Fashion-MNIST", "type": FASHION_ON_HUB} if fashion else {"name": "own data", "type": "own"}
    results: list[dict[str, Any]] = [
        {
            "task": {"type": "image-classification"},
            "dataset": {**dataset, "split": found.name},
            "metrics": [
                {"type": each.name, "value": round(each.value, 6), "name": f"{each.name}, {found.name} set"}
                for each in found.measures
            ],
        }
        for found in report.answer.results
    ]
    front: dict[str, Any] = {
        "license": "mit",
        "library_name": "keras" if network else "fashionlab",
        "pipeline_tag": "image-classification",
        "tags": [
            "fashionlab",
            "image-classification",
            *(["keras"] if network else []),
            *(["fashion-mnist"] if fashion else []),
        ],
        "datasets": [FASHION_ON_HUB] if fashion else [],
        "metrics": ["accuracy"],
        "model-index": [{"name": one_line(report.run), "results": results}],
    }
    yaml = "\n".join(f"{key}: {readable_json(value)}" for key, value in front.items())
    return f"---\n{yaml}\n---\n\n{_body(report)}"


def _body(report: RunReport) -> str:
    answer, spec, environment = report.answer, report.made.spec, report.made.environment
    side = spec.data.side
    header = ["set", "images", *TITLES]
    rows = [[_text(found.name), f"{found.n:,}", *(each.text for each in found.measures)] for found in answer.results]
    table = "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---", *["---:"] * (len(header) - 1)], *rows])
    classes = ", ".join(_text(name) for name in report.class_names)
    learned = "" if isinstance(report.learning, Missing) else " ".join(map(_text, report.learning.sentences))
    mistakes = "No set was predicted." if isinstance(report.errors, Missing) else _text(report.errors.sentence)
    confidence = "" if isinstance(report.confidence, Missing) else " ".join(map(_text, report.confidence.sentences))
    versions = ", ".join(f"{name} {version}" for name, version in environment.packages.items())
    made_of = answer.size or (answer.parameters is not None and parameters_text(answer.parameters, answer.trainable))
    size = f" It has {made_of}." if made_of else ""
    line = origin_line(spec)
    origin = f" The run {_text(line)}." if line else ""
    kept, chosen = "", "The test set was not used for any choice."
    if answer.epochs:
        kept = f"{answer.unit.capitalize()} {answer.best_epoch} of {answer.epochs} kept; "
        training = spec.recipe.training
        if training is None or training.early_stopping:
            chosen = f"The {answer.unit} was chosen on the validation set; the test set was not used for any choice."
    return f"""# {_text(report.title)}

An image classifier trained with [Fashionlab](https://github.com/fashionlab/fashionlab).{size}

**Input**: grey images, uint8 [n, {side}, {side}], 0 black; scaling is part of the model. **Output**: logits of
{len(report.class_names)} classes: {classes}.

## Results

{table}

{mistakes} {confidence}{f" {answer.shared}" if answer.shared else ""}

The test set had been evaluated {times(answer.test_evaluations)} in this folder of runs when this card was written.

## Training

Recipe: {_text(answer.recipe)}. {learned}{origin}

{kept}{duration(answer.seconds.training)} on {_text(environment.device)}.
{chosen} Data SHA-256 {_text(spec.data.sha256)}.

    {one_line(report.made.commands.full)}

Versions: {_text(versions)}.

## Intended use and limits

For learning, teaching and comparing methods. It knows small, centred, light-on-dark images like those of its training
set; on photographs taken otherwise it answers with confidence and is often wrong. It always answers with one of its
classes, also for images of anything else. Labels of Fashion-MNIST contain errors, which limit any accuracy.
"""


def _text(text: str) -> str:
    """Users' text in Markdown: nothing in it is markup, a formula, an entity, an address, somebody's name or an emoji's
    (`$x$`, `&lt;`, `https:`, `@name`, `:smile:`)."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!~$&:@" else c for c in one_line(text))
