"""What the original notebook does, as a plain script: the peer of the main job (`benchmarks/main_job.py`).

    python benchmarks/original_notebook.py FOLDER --seed 0 --out FOLDER

FOLDER holds the four files of Fashion-MNIST, decompressed or .gz. TensorFlow and Keras as their guides teach them:
sample images, one-hot labels, the last 20 % for validation, `fit` with early stopping, evaluation on the test
set, learning curves, confusion matrix. The last line of its output is JSON. It knows nothing of fashionlab.
"""

import argparse
import gzip
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

NAMES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"
]  # fmt: skip


def read(folder: Path, name: str, header: int) -> np.ndarray:
    """The bytes of an IDX file after its header."""
    path = folder / name
    content = path.read_bytes() if path.exists() else gzip.decompress((folder / f"{name}.gz").read_bytes())
    return np.frombuffer(content, np.uint8, offset=header)


def load(folder: Path) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """As `keras.datasets.fashion_mnist.load_data()` gives them."""

    def read_set(name: str) -> tuple[np.ndarray, np.ndarray]:
        images = read(folder, f"{name}-images-idx3-ubyte", 16).reshape(-1, 28, 28)
        return images, read(folder, f"{name}-labels-idx1-ubyte", 8)

    return read_set("train"), read_set("t10k")


def build() -> Any:
    """The notebook's network; the dropout rates, which it does not give, are the usual ones."""
    from keras import Input, Sequential
    from keras.layers import BatchNormalization, Dense, Dropout, Flatten

    return Sequential(
        [
            Input((28, 28)),
            Flatten(),
            Dense(384, activation="gelu"),
            BatchNormalization(),
            Dropout(0.3),
            Dense(256, activation="gelu"),
            BatchNormalization(),
            Dropout(0.3),
            Dense(128, activation="gelu"),
            Dropout(0.2),
            Dense(10, activation="softmax"),
        ]
    )


def show_samples(path: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """25 training images with their names."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(5, 5, figsize=(10, 10))
    for axis, image, label in zip(axes.flat, images, labels, strict=False):
        axis.imshow(image, cmap="gray")
        axis.set_title(NAMES[label])
        axis.axis("off")
    figure.savefig(path)
    plt.close(figure)


def show_curves(path: Path, history: dict[str, list[float]]) -> None:
    """Loss and accuracy, training and validation."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(12, 4))
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(history[name], label="training")
        axis.plot(history[f"val_{name}"], label="validation")
        axis.set_xlabel("epoch")
        axis.set_ylabel(name)
        axis.legend()
    figure.savefig(path)
    plt.close(figure)


def show_confusion(path: Path, labels: np.ndarray, predicted: np.ndarray) -> None:
    """The confusion matrix of the test set."""
    import matplotlib.pyplot as plt
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    figure, axis = plt.subplots(figsize=(10, 10))
    matrix = ConfusionMatrixDisplay(confusion_matrix(labels, predicted), display_labels=NAMES)
    matrix.plot(ax=axis, xticks_rotation=45)
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the data set's four files are")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--out", type=Path, default=Path(), help="where the figures go")
    given = parser.parse_args()

    import matplotlib as mpl

    mpl.use("Agg")
    import keras

    keras.utils.set_random_seed(given.seed)
    (x_train, y_train), (x_test, y_test) = load(given.folder)
    given.out.mkdir(parents=True, exist_ok=True)
    show_samples(given.out / "samples.png", x_train, y_train)

    x_train, x_test = x_train.astype("float32") / 255, x_test.astype("float32") / 255
    y_train_hot, y_test_hot = keras.utils.to_categorical(y_train, 10), keras.utils.to_categorical(y_test, 10)

    model = build()
    model.compile(
        optimizer=keras.optimizers.AdamW(learning_rate=1e-3),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
    history = model.fit(
        x_train,
        y_train_hot,
        epochs=given.epochs,
        batch_size=64,
        validation_split=0.2,
        callbacks=[stop],
        verbose=2,
    ).history

    loss, accuracy = model.evaluate(x_test, y_test_hot, verbose=0)
    show_curves(given.out / "curves.png", history)
    show_confusion(given.out / "confusion.png", y_test, model.predict(x_test, verbose=0).argmax(axis=1))
    print(json.dumps({"test_accuracy": accuracy, "test_loss": loss, "epochs": len(history["loss"])}))


if __name__ == "__main__":
    main()
