"""Terms that a reader may not know, each explained once: where one stands on a page, it is marked, and says what it
means when it is pointed at, tapped or focused."""

import re

GLOSSARY = {
    "nats": "The unit of the cross-entropy loss with the natural logarithm. A loss of 0.5 nats: the true class gets a "
    "probability of e^−0.5 = 61 % (as a geometric mean). Guessing among ten classes costs 2.30 nats.",
    "negative log-likelihood|log-loss|cross-entropy": "Minus the logarithm of the probability that the true class was "
    "given, averaged over the images. Lower is better.",
    "logits?": "The outputs of the last layer, one for each class, before softmax turns them into probabilities. Only "
    "their differences matter.",
    "temperature": "One number by which all logits are divided before they become probabilities. Above 1 it lowers "
    "every confidence, below 1 it raises it; the predicted class stays the same.",
    "Brier score": "The squared distance between the predicted probabilities and the true class, summed over the "
    "classes: 0 is perfect, 2 is certain and wrong.",
    "(expected )?calibration error": "How far confidence and accuracy are apart: predictions are sorted into bins by "
    "their confidence, and the gap in each bin is averaged, weighted by its number of images (ECE).",
    "overconfident": "Its confidence is higher, on average, than the share of its answers that is correct.",
    "underconfident": "Its confidence is lower, on average, than the share of its answers that is correct.",
    "(?<=its )confidence": "The probability that the model gives to the class that it predicts.",
    "coverage": "The share of the images that are answered, where the model may abstain from those that it is least "
    "certain of.",
    "95 % interval": "Where the value lies that images or runs without end would show, right for 95 of 100 intervals "
    "made in this way. For the accuracy of one run it is Wilson’s.",
    "Wilson(’s)?( interval)?": "An interval for a share, such as an accuracy, that is right near 0 and 100 % too.",
    "t interval": "Student’s interval for a mean: the mean ± t times the standard deviation / √n. Of few values it is "
    "wide, because their spread is hardly known.",
    "balanced accuracy": "The mean of the recalls of all classes: each counts alike, however many images it has.",
    "macro F1": "The mean of the F1 scores of all classes, every class counting alike.",
    "F1": "The harmonic mean of precision and recall: high only if both are.",
    "generalization gap": "By how much the model is better on its training images than on others.",
    "validation set": "Images held out of the training: they choose the epoch and the settings, and are therefore no "
    "independent test.",
    "test set": "Images that are used for nothing but to measure, once, how good the trained model is.",
    "epochs?": "One pass through all training images.",
    "(?<!norm )batch(?= size| [0-9])": "How many images one step of the training looks at.",
    "patience": "After how many epochs without a lower validation loss the training stops early.",
    "early stopping": "Training stops when the validation loss has not fallen for some epochs; the weights of the best "
    "epoch are kept.",
    "dropout": "In each training step a random share of a layer’s outputs is set to 0, so that no unit can rely on "
    "another.",
    "Euclidean norm": "The length of a list of numbers taken as a vector: the square root of the sum of their squares.",
    "gradient": "By how much a value changes if an input changes by very little, for each input.",
    "principal components?": "The directions in which the values spread most. The first two give the flat picture that "
    "keeps most of the variance.",
    "seeds?": "The number that random choices are drawn from: split, first weights, order of the images. Another seed "
    "gives another model.",
    "arms?": "One of the variants that a study compares with its baseline.",
    "baseline": "What all others are compared with.",
    "margin": "The difference that is too small to matter in practice, fixed beforehand.",
    "judging set": "The half of the validation images that judges; the other half may stop the training.",
    "p-values?": "How often a difference at least this large would show if there were none. Small: hard to explain by "
    "chance. It is not the probability that there is no difference.",
    "McNemar’s( exact)? test": "A test whether one of two models is right more often on other images: it counts the "
    "images that only one of them has right.",
    "mid-p": "A p-value that counts half of the result that was observed: less strict than the exact one.",
    "standard deviation": "How far values typically lie from their mean.",
}
"""A pattern of the term, as it is found in texts -> what it means, one or two sentences. Of two that begin at the same
place the first one here wins."""

_TERMS = re.compile("|".join(rf"(?P<t{i}>\b(?:{term})(?!\w))" for i, term in enumerate(GLOSSARY)), re.IGNORECASE)
_MEANINGS = tuple(GLOSSARY.values())
_PIECES = re.compile(r"<!--.*?-->|<(script|style|svg|title|pre|code)\b.*?</\1>|<[^>]*>|[^<]+", re.DOTALL)
_PLAIN = (
    "head",
    "h1",
    "h2",
    "h3",
    "h4",
    "nav",
    "header",
    "footer",
    "button",
    "a",
    "summary",
    "label",
    "legend",
    "li",
    "b",
)
"""Elements whose text is left as it is: headings, what is clicked, and lists of names."""


def explained(page: str) -> str:
    """A page with its terms marked, the first one of each kind in every section.

    page: HTML in which `<` and `>` stand for tags alone, as the templates make it. The texts stay the same.
    """
    parts: list[str] = []
    within: list[str] = []
    seen: set[int] = set()

    def marked(found: re.Match[str]) -> str:
        number = int(str(found.lastgroup)[1:])
        if number in seen:
            return found[0]
        seen.add(number)
        return f'<u class="term" tabindex="0" title="{_MEANINGS[number]}">{found[0]}</u>'

    for piece in _PIECES.finditer(page):
        text = piece[0]
        if not text.startswith("<"):
            parts.append(text if within else _TERMS.sub(marked, text))
            continue
        parts.append(text)
        name = re.match(r"</?([a-z0-9]+)", text)
        if name is None or piece[1]:
            continue
        if name[1] == "section":
            seen.clear()
        if name[1] in _PLAIN:
            if not text.startswith("</"):
                within.append(name[1])
            elif within:
                within.pop()
    return "".join(parts)
