"""The model card: README.md in the Hugging Face format, from a report's summary."""

import json
from collections.abc import Mapping
from typing import Any

FASHION_ON_HUB = "fashion_mnist"


def model_card(summary: Mapping[str, Any]) -> str:
    """Markdown with YAML front matter. Users' text stands in JSON strings (which YAML reads) or in escaped Markdown."""
    answer, made = summary["answer"], summary["made"]
    fashion = len(answer["references"]) > 1
    dataset = {"name": "Fashion-MNIST", "type": FASHION_ON_HUB} if fashion else {"name": "own data", "type": "own"}
    results: list[dict[str, Any]] = [
        {
            "task": {"type": "image-classification"},
            "dataset": {**dataset, "split": part["part"]},
            "metrics": [
                {"type": "accuracy", "value": round(part["accuracy"], 6), "name": f"accuracy, {part['part']} part"},
                {"type": "loss", "value": round(part["loss"], 6), "name": "cross-entropy, nats"},
            ],
        }
        for part in _parts(answer)
    ]
    front: dict[str, Any] = {
        "license": "mit",
        "library_name": "fashionlab" if answer["classic"] else "keras",
        "pipeline_tag": "image-classification",
        "tags": [
            "fashionlab",
            "image-classification",
            *([] if answer["classic"] else ["keras"]),
            *(["fashion-mnist"] if fashion else []),
        ],
        "datasets": [FASHION_ON_HUB] if fashion else [],
        "metrics": ["accuracy"],
        "model-index": [{"name": summary["run"], "results": results}],
    }
    yaml = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items())
    return f"---\n{yaml}\n---\n\n{_body(summary, answer, made)}"


def _body(summary: Mapping[str, Any], answer: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    accuracies = "\n".join(
        f"| {p['part']} | {p['n']:,} | {100 * p['accuracy']:.2f} % "
        f"| {100 * p['accuracy_low']:.2f} to {100 * p['accuracy_high']:.2f} % | {p['loss']:.4f} |"
        for p in _parts(answer)
    )
    side = made["request"]["data"]["side"]
    classes = ", ".join(_text(name) for name in summary["class_names"])
    learned = " ".join(_text(s) for s in summary["learning"].get("sentences", []))
    errors = _text(summary["errors"].get("sentence", "No part was predicted."))
    confidence = " ".join(_text(s) for s in summary["confidence"].get("sentences", []))
    versions = ", ".join(f"{name} {version}" for name, version in made["environment"]["packages"].items())
    made_of = answer["size"] or (answer["parameters"] is not None and f"{answer['parameters']:,} parameters")
    size = f" It has {made_of}." if made_of else ""
    best, chosen = "", "Test rows chose nothing."
    if answer["epochs"]:
        pace = answer["pace"]
        best = f"{pace.capitalize()} {answer['best_epoch']} of {answer['epochs']} kept; "
        fit = made["request"]["recipe"]["fit"]
        if fit is None or fit.get("early_stopping", True):
            chosen = f"Validation rows chose the {pace}; test rows chose nothing."
    spent, device = answer["seconds"]["training"], _text(made["environment"].get("device", "an unknown device"))
    return f"""# {_text(summary["title"])}

An image classifier trained with [Fashionlab](https://github.com/fashionlab/fashionlab).{size}

**Input**: grey pictures, uint8 [n, {side}, {side}], 0 black; scaling is part of the model. **Output**: logits of
{len(summary["class_names"])} classes: {classes}.

## Results

| part | pictures | accuracy | 95 % interval | loss (nats) |
|---|---:|---:|---:|---:|
{accuracies}

{errors} {confidence}

The test part had been opened {answer["test_openings"]} times in this folder of runs when this card was written.

## Training

{_text(answer["recipe"])}. {learned}

{best}{spent:.1f} s on {device}.
{chosen} Data SHA-256 `{made["request"]["data"]["sha256"]}`.

    {made["commands"]["full"]}

Versions: {_text(versions)}.

## Intended use and limits

For learning, teaching and comparing methods. It knows small, centred, light-on-dark pictures like those of its training
part; on photographs taken otherwise it answers with confidence and is often wrong. It always answers with one of its
classes, also for pictures of anything else. Labels of Fashion-MNIST contain errors, which bound any accuracy.
"""


def _parts(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What was measured: the part that judges, and the other one."""
    return [part for part in (answer, answer["other"]) if part and part["n"]]


def _text(text: str) -> str:
    """Users' text in Markdown: nothing in it is markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!" else c for c in " ".join(str(text).split()))
