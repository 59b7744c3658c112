"""Make fashion-sample.npz: real Fashion-MNIST images, few enough to be committed, for unit tests.

    python tests/data/make_sample.py
 60 images a class from the training set and 20 a class from the test set, chosen by a fixed seed, in the
form of a user's own data, so that `load("tests/data/fashion-sample.npz")` reads it.
"""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np

from fashionlab.data import load

SAMPLE = Path(__file__).parent / "fashion-sample.npz"
TRAIN_ROWS, TEST_ROWS = 60, 20  # a class


def choose(labels: np.ndarray, rows: int) -> np.ndarray:
    """Row numbers, ascending: `rows` of each class."""
    generator = np.random.default_rng(0)
    chosen = [generator.choice(np.flatnonzero(labels == label), rows, replace=False) for label in range(10)]
    return np.sort(np.concatenate(chosen))


def main() -> None:
    fashion = load("fashion-mnist")
    test_images, test_labels = fashion.test.open(lambda sha256, rows: print(f"test set opened: {rows} rows"))
    train, test = choose(fashion.labels, TRAIN_ROWS), choose(test_labels, TEST_ROWS)
    arrays = {
        "x_train": fashion.images[train],
        "y_train": fashion.labels[train].astype(np.uint8),
        "x_test": test_images[test],
        "y_test": test_labels[test].astype(np.uint8),
        "class_names": np.array(fashion.class_names),
    }
    # Not np.savez: it stamps the time, and making the sample again would look like a change.
    with zipfile.ZipFile(SAMPLE, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(2017, 8, 25, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content.getvalue())
    print(f"{SAMPLE}: {SAMPLE.stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
