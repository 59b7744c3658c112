"""A study's summary with the words that people read: what page, terminal, notebook and `--json` show."""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import asdict

from fashionlab.recipe.config import OptionValue
from fashionlab.recipe.difference import Changes
from fashionlab.reports.study import verdicts
from fashionlab.reports.wording import counted, setting_text, value_text
from fashionlab.studies.stats.verdict import Verdict
from fashionlab.studies.summary import ArmSummary, BaselineSummary, StudySummary

JUDGING_SET = "held-out judging set"
"""What the images are called on which the arms are compared: the half of validation that stops no training."""

OFF = (None, False, 0)
"""Values that mean that something is not there."""


class VerdictInWords(Verdict, frozen=True, kw_only=True):
    """A verdict. said: its word, as it suits a change or a model; sentence: what was found and how sure that is;
    second: whether it matters, or how many more seeds it needs."""

    said: str
    sentence: str
    second: str


class ArmReport(ArmSummary, frozen=True, kw_only=True):
    """An arm. title: by what was changed, "Removing dropout"; in a comparison the model's name."""

    title: str
    verdict: VerdictInWords


class BaselineReport(BaselineSummary, frozen=True, kw_only=True):
    """The baseline. title: as the arms'."""

    title: str


class StudyReport(StudySummary, frozen=True, kw_only=True):
    """The summary, its arms, verdicts and baseline with their words."""

    baseline: BaselineReport
    arms: tuple[ArmReport, ...]

    @property
    def everyone(self) -> "tuple[BaselineReport | ArmReport, ...]":
        """The baseline and the arms."""
        return (self.baseline, *self.arms)

    @property
    def wants_seeds(self) -> bool:
        """Whether something is undecided, and more seeds can be run. Of a study that goes on from an earlier one they
        cannot: it has an origin for each of its seeds."""
        undecided = any(arm.verdict.word == "undecided" for arm in self.arms)
        return undecided and self.imported is None and self.origins is None

    @property
    def compared(self) -> bool:
        """Whether the arms are models."""
        return self.kind == "compare"

    @property
    def judged(self) -> str:
        """What the accuracies were measured on."""
        if self.imported is None:
            return f"on the {JUDGING_SET} ({counted(self.judge_rows or 0, 'image')})"
        if self.imported.images is None:
            return "as imported"
        return f"on {' to '.join(f'{n:,}' for n in dict.fromkeys(self.imported.images))} images, as imported"

    @property
    def what(self) -> str:
        """What an arm is."""
        return "model" if self.compared else "change"


def chosen_reference(baseline: BaselineSummary) -> str:
    """Which arm the others are compared with, and why, where nobody has named one; else nothing."""
    if not baseline.chosen or baseline.accuracy.mean is None:
        return ""
    return f"No baseline was named, so the others are compared with the most accurate so far, {baseline.name}."


def report_of(summary: StudySummary) -> StudyReport:
    """Put a summary into words."""
    compared, baseline = summary.kind == "compare", summary.baseline
    more = baseline.model if baseline.name == "baseline" else "the baseline"
    title = baseline.name if more == baseline.name else f"{baseline.name} ({more})"
    arms = []
    for arm, arm_title in zip(summary.arms, _titles(summary), strict=True):
        verdict = VerdictInWords(
            **asdict(arm.verdict),
            said=verdicts.said(arm.verdict.word, compared),
            sentence=verdicts.sentence_of_model(arm.verdict, arm.name, baseline.name)
            if compared
            else verdicts.sentence(arm.verdict, arm_title),
            second=verdicts.second_line(arm.verdict, len(arm.left_out)),
        )
        arms.append(ArmReport(**{**asdict(arm), "verdict": verdict}, title=arm_title))
    named = BaselineReport(**asdict(baseline), title=title)
    return StudyReport(**{**asdict(summary), "baseline": named, "arms": tuple(arms)})


def what_changed(changes: Changes, name: str) -> str:
    """An arm as a reader thinks of it: "Removing dropout", "Changing batch size".

    A value that is off (none, false, 0) on one side makes it adding or removing. A name that somebody gave, rather than
    settings spelled out ("dropout=0"), says more than the fields do.
    """
    if name.startswith("without "):
        return f"Removing {name.removeprefix('without ')}"
    if "=" not in name:
        return name
    if "model" in changes:
        return f"{value_text(changes['model'].after)} instead of {value_text(changes['model'].before)}"
    if not 1 <= len(changes) <= 2:
        return name
    said = [f"{_verb(change.before, change.after)} {setting_text(field)}" for field, change in changes.items()]
    text = " and ".join(said)
    return text[0].upper() + text[1:]


def from_to(changes: Changes, most: int | None = 4) -> str:
    """The values: "dropout 0.3 → 0, batch size 64 → 256"; beyond `most` fields their number."""
    said = [f"{setting_text(field)} {_arrow(change.before, change.after)}" for field, change in changes.items()]
    more = f" and {len(said) - most} more" if most is not None and len(said) > most else ""
    return ", ".join(said[:most]) + more


def _titles(summary: StudySummary) -> list[str]:
    """By arm. A title that several share also says what differs: the values, or else the arms' own names."""
    if summary.kind == "compare":
        return [arm.name for arm in summary.arms]
    titles = [what_changed(arm.changes, arm.name) for arm in summary.arms]
    shared = {title for title, count in Counter(titles).items() if count > 1}
    more: dict[str, str] = {}
    for title in shared:
        alike = [arm for arm, own in zip(summary.arms, titles, strict=True) if own == title]
        more |= {arm.name: text for arm, text in zip(alike, _differences(alike), strict=True)}
    return [
        f"{title} ({more[arm.name]})" if arm.name in more and more[arm.name] != title else title
        for arm, title in zip(summary.arms, titles, strict=True)
    ]


def _differences(arms: Sequence[ArmSummary]) -> list[str]:
    values = [_values(arm.changes) for arm in arms]
    return values if len(set(values)) == len(arms) else [arm.name for arm in arms]


def _values(changes: Changes) -> str:
    """The values alone where one field changed, "0.3 → 0.1"; otherwise with the fields."""
    if len(changes) != 1:
        return from_to(changes)
    (change,) = changes.values()
    return _arrow(change.before, change.after)


def _arrow(before: OptionValue, after: OptionValue) -> str:
    return f"{value_text(before)} → {value_text(after)}"


def _verb(before: OptionValue, after: OptionValue) -> str:
    was, will_be = not _is_off(before), not _is_off(after)
    return "removing" if was and not will_be else "adding" if will_be and not was else "changing"


def _is_off(value: OptionValue) -> bool:
    """Whether a value means that something is not there, in every layer where it has one for each."""
    return all(map(_is_off, value)) if isinstance(value, (list, tuple)) else value in OFF
