"""`make evidence`: every measurement that is too long for the tests, one after the other, into `evidence/`.

    python -m benchmarks.evidence                   what is not of the present results version: at most eight hours
                                                    on 2 quiet cores
    python -m benchmarks.evidence --list            what that is
    python -m benchmarks.evidence epoch main-job    just these, also if they are current
    python -m benchmarks.evidence --all             everything anew

Evidence is current if it is of the present results version and was written by the command in PROGRAMS. A program that
fails is named at the end, and what the others wrote stays.
"""

import argparse
import json
import subprocess
import sys
import time

from benchmarks.common import ROOT, announce, command_of
from benchmarks.pages import EVIDENCE, is_current

PROGRAMS = {
    "search": ("search", "how the defaults were chosen, on validation"),
    "search-2": ("search --round 2 --seeds 5", "the second round of that, about patience"),
    "search-3": ("search --round 3 --seeds 5", "the third, about time"),
    "seeds": ("seeds", "accuracy at the defaults, five seeds"),
    "epoch": ("epoch", "an epoch, compared with Keras, PyTorch and the machine's limit"),
    "epoch-cnn": (
        "epoch --network cnn --rounds 5 --contenders tf,tf-data,tf-steps,torch-last,ours",
        "the same for the convolutional network",
    ),
    "main-job": ("main_job", "the whole job, compared with the original notebook"),
    "recipe-reference": ("seeds --model recipes/reference.toml", "the recipes: the original's settings"),
    "recipe-dense-small": ("seeds --model recipes/dense-small.toml", "the reference network at its best recipe"),
    "recipe-dense": ("seeds --model recipes/dense.toml", "the best dense network"),
    "recipe-cnn": ("seeds --model recipes/cnn.toml --seeds 3", "the convolutional network"),
    "trainer-tape": ("seeds --seeds 3 --trainer tape", "the reference network with tf.GradientTape"),
    "trainer-fit": ("seeds --seeds 3 --trainer fit", "and with Keras' fit"),
    "model-logistic": ("seeds --model logistic --seeds 3", "the estimators: logistic regression"),
    "model-forest": ("seeds --model forest --seeds 3", "random forest"),
    "model-boosting": ("seeds --model boosting --seeds 3", "gradient boosting"),
    "averaging": ("averaging", "averaged weights at the defaults: the variance over seeds"),
    "averaging-reference": ("averaging --model recipes/reference.toml", "and at the original's settings"),
    "epoch-averaged": ("epoch --contenders ours,ours-averaged --rounds 7", "what averaging costs"),
    "study-throughput": ("study_throughput", "a study's runs with two workers and with one"),
    "null-studies": ("null_studies", "nothing against nothing, really trained: 200 studies"),
    "pool": ("pool", "120 seeds of one change, and how many studies drawn from them decide in ten minutes"),
    "pool-studies": ("pool --whole 10 --of evidence/pool.json", "ten such studies, really run"),
    "verdicts": ("verdicts", "how often simulated studies are wrong, and how soon they decide"),
    "ablation": (
        "study mlp --ablate --epochs 12 --seeds 10 --within 900",
        "each regularizer of the recipe in turn, ten seeds",
    ),
    "rates": ("rates", "the learning rate of each optimizer, for the claims about optimizers"),
    "claim-depth": ("study recipes/studies/depth.toml", "the original's claims: regularization or a deeper network"),
    "claim-stopping": ("study recipes/studies/stopping.toml", "early stopping or extra epochs"),
    "claim-order": ("study recipes/studies/order.toml", "batch normalization before dropout"),
    "claim-activation": ("study recipes/studies/activation.toml", "GELU or ReLU"),
    "claim-optimizer": ("study recipes/studies/optimizer.toml", "AdamW or another optimizer"),
    "claim-activation-default": ("study recipes/studies/activation-default.toml", "GELU or ReLU at the defaults"),
    "claim-optimizer-default": ("study recipes/studies/optimizer-default.toml", "the optimizers at the defaults"),
    "lessons": ("lessons", "the lessons from three starts each: their times and whether their checks hold"),
    "kill": ("kill", "each trainer killed at random moments, resumed, compared bit for bit"),
    "search-kills": ("search_kills", "a search over six fields in ten minutes, killed twice on the way"),
    "own-models": ("own_models", "models as people bring them, against Keras' own fit"),
    "photos": ("photos last", "test images photographed on grounds of all kinds; of the newest run, an mlp or cnn"),
    "page-photos": ("page_photos last", "photographs in the page's script, compared with Python; of an mlp or cnn"),
    "own-data": ("own_data", "image sets as people bring them"),
    "tampering": ("tampering", "files of runs and studies damaged, every verb called"),
    "hostile-pictures": ("hostile_pictures", "pictures that mean harm, or are none, given to predict"),
    "hostile-data": ("hostile_data", "IDX files, images, archives and folders damaged, and loaded"),
}
"""File in `evidence/` -> the program with its arguments, and what it measures."""


def words_of(name: str) -> tuple[str, list[str]]:
    """The module under `benchmarks` that makes a piece of evidence, and its arguments."""
    program, *arguments = PROGRAMS[name][0].split()
    return program, [*arguments, "--json", f"evidence/{name}.json"]


def is_stale(name: str) -> bool:
    """Whether it has to be made: it is not there, or not current."""
    path = EVIDENCE / f"{name}.json"
    if not path.is_file():
        return True
    document = json.loads(path.read_text(encoding="utf-8"))
    return not is_current(document) or document["command"] != command_of(*words_of(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"of {', '.join(PROGRAMS)}  [the stale ones]")
    parser.add_argument("--all", action="store_true", help="all of them, current ones too")
    parser.add_argument("--list", action="store_true", help="name them, run nothing")
    given = parser.parse_args()
    unknown = [name for name in given.programs if name not in PROGRAMS]
    if unknown:
        parser.error(f"given {unknown[0]!r}, expected of {', '.join(PROGRAMS)}")
    chosen = given.programs or [name for name in PROGRAMS if given.all or is_stale(name)]
    if skipped := len(PROGRAMS) - len(chosen) if not given.programs else 0:
        announce(f"{skipped} of {len(PROGRAMS)} are current and stay; --all makes them too")
    if given.list:
        print("\n".join(f"{name}: {PROGRAMS[name][1]}" for name in chosen))
        return 0
    failed = []
    for number, name in enumerate(chosen, start=1):
        (program, arguments), what = words_of(name), PROGRAMS[name][1]
        announce(f"--- {number} of {len(chosen)}, {time.strftime('%H:%M')}: {what}")
        if subprocess.run([sys.executable, "-m", f"benchmarks.{program}", *arguments], cwd=ROOT).returncode:
            failed.append(name)
    if failed:
        announce(f"failed: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
