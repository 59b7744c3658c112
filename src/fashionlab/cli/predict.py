"""`fashionlab predict`."""

import csv
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fashionlab.cli.common import DATA_DIR, JSON, RUNS, TRUST, print_json, print_line, print_table, print_text
from fashionlab.text import one_line, tell

if TYPE_CHECKING:
    from fashionlab.prediction import Failure, Prediction

    Answers = list[tuple[Path, Prediction | Failure]]


@click.command(
    params=[
        click.Argument(["run"]),
        click.Argument(["files"], nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."),
        click.Option(["--crop"], metavar="X,Y,W,H", help="Use this part alone, in pixels of the upright image."),
        click.Option(
            ["--explain"],
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="PNG",
            help="Write every step from the photograph to what the network sees as one picture; for one FILE.",
        ),
        click.Option(["--csv", "as_csv"], is_flag=True, help="Print CSV: file, class, unlike, and a column a class."),
        RUNS,
        DATA_DIR,
        TRUST,
        JSON,
    ]
)
def predict(
    run: str,
    files: tuple[Path, ...],
    crop: str | None,
    explain: Path | None,
    as_csv: bool,
    runs: Path,
    data_dir: Path | None,
    trust: str | None,
    as_json: bool,
) -> int:
    """Say what is on photographs: the class, with calibrated probabilities, and a warning if an image is unlike all
    that the network was trained on.

    RUN is a folder's name, a path, or "last". FILE is a JPEG, PNG, WebP, GIF or BMP, or a folder of them. A photograph
    is brought to what the network was trained on; on a plain ground the garment is found, elsewhere --crop helps.
    Files that are no images are reported and left out, and the exit status is then 1.

    \b
    fashionlab predict last shirt.jpg --explain steps.png
    fashionlab predict last photos/ --csv > classes.csv
    """
    from fashionlab.prediction import Failure, Predictor, find_files, predict_files
    from fashionlab.prediction.predictor import parse_box
    from fashionlab.reports.wording import counted
    from fashionlab.store import find_run

    if as_csv and as_json:
        raise click.UsageError("given --csv and --json, expected one of them")
    box = None if crop is None else parse_box(crop)
    if Path(run).is_file():
        raise click.UsageError(f"given {run!r}, a file, as the run; the run comes first: fashionlab predict last {run}")
    found = find_files(files, tell)
    if explain and len(found) > 1:
        raise click.UsageError(f"--explain is for one file, given {len(found):,}")
    predictor = Predictor(find_run(runs, run), trust, data_dir)
    for remark in predictor.remarks:
        tell(remark)
    answers: Answers = []
    told = Counter[str]()
    with _progress(len(found)) as show:
        for file, answer in predict_files(predictor, found, box, show):
            if isinstance(answer, Failure):
                tell(f"fashionlab: {answer.reason}")
            elif not as_json:  # which holds them
                for remark in answer.remarks:
                    told[remark] += 1
                    if told[remark] == 1:
                        tell(f"{file}: {remark}" if len(found) > 1 else remark)
            answers.append((file, answer))
    for remark, times in told.items():
        if times > 1:
            tell(f"the same of {counted(times - 1, 'more image')}: {remark}")
    good = [(file, answer) for file, answer in answers if not isinstance(answer, Failure)]
    if as_json:
        print_json([_record(file, answer) for file, answer in good])
    elif as_csv:
        print_text(_csv(good, predictor.class_names))
    elif len(found) == 1 and good:
        _show_one(good[0][1])
    elif good:
        _show_table(good)
    if explain and good:
        from fashionlab.files import write_atomically
        from fashionlab.reports.steps import steps_png

        write_atomically(explain, steps_png(good[0][1].steps))
        tell(f"the steps are in {explain}")
    bad = len(answers) - len(good)
    if bad and len(answers) > 1:
        tell(f"fashionlab: {bad:,} of {len(answers):,} files are no images that can be read, and were left out")
    return 1 if bad else 0


def _record(file: Path, answer: "Prediction") -> dict[str, Any]:
    return {
        "file": str(file),
        "class": answer.class_name,
        "probabilities": answer.probabilities,
        "unlike": answer.unlike,
        "distance": answer.distance,
        "remarks": list(answer.remarks),
    }


def _csv(answers: "list[tuple[Path, Prediction]]", classes: tuple[str, ...]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "class", "unlike", *map(one_line, classes)])
    for file, answer in answers:
        unlike = "" if answer.unlike is None else str(answer.unlike).lower()
        shares = (f"{share:.6f}" for share in answer.probabilities.values())
        writer.writerow([one_line(file), one_line(answer.class_name), unlike, *shares])
    return text.getvalue()


def _show_one(answer: "Prediction") -> None:
    """The classes of one photograph; on a terminal also what the network saw."""
    from fashionlab.reports.half_blocks import colours_of_terminal, half_blocks

    colours = colours_of_terminal()
    if colours:
        print_text(half_blocks(answer.image, colours))
    ordered = sorted(answer.probabilities.items(), key=lambda item: -item[1])
    for name, share in ordered[:5]:
        print_line(f"{100 * share:6.1f} %  {name}")


def _show_table(answers: "list[tuple[Path, Prediction]]") -> None:
    from fashionlab.reports.tables import new_table

    unlike = {None: "", False: "", True: "unlike the training images"}
    rows = [
        (str(file), answer.class_name, f"{100 * max(answer.probabilities.values()):.1f} %", unlike[answer.unlike])
        for file, answer in answers
    ]
    print_table(new_table(["file", "class", "probability", ""], rows))


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """What is told how many files are done, and shows it: a bar on a terminal, elsewhere a line for each thousand."""
    done = 0

    def show(now: int) -> None:
        nonlocal done
        if now // 1000 > done // 1000 and not sys.stderr.isatty():
            tell(f"{now:,} of {total:,} files")
        bar.update(now - done)
        done = now

    with click.progressbar(length=total, label="files", file=sys.stderr, hidden=total < 100) as bar:
        yield show
