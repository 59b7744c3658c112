"""A plain PyTorch loop as its own users write it for data that fit into memory: no DataLoader, no `.item()` a step."""

from typing import Any

import numpy as np

from benchmarks.contenders.turns import (
    BATCHES,
    CLASSES,
    CONVOLUTION_RATE,
    CONVOLUTIONS,
    LEARNING_RATE,
    RATES,
    WEIGHT_DECAY,
    WIDTHS,
    Data,
    Turns,
)


def serve(
    data: Data,
    turns: Turns,
    *,
    network: str,
    compiled: str = "",
    fused: bool = True,
    gather: str = "step",
    channels_last: bool = False,
) -> None:
    """compiled: what `torch.compile` is given, "" (nothing), "model" (forward and backward) or "step" (AdamW too).

    gather: pick the rows of each "step", or bring the whole "epoch" into order at once. channels_last: the order in
    memory in which oneDNN convolves without rearranging.
    """
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(0)
    batch, shape = BATCHES[network], {"mlp": (28 * 28,), "cnn": (1, 28, 28)}[network]
    images = torch.from_numpy(data.images.reshape(-1, *shape).astype(np.float32) / 255)
    labels = torch.from_numpy(data.labels.astype(np.int64))
    model = {"mlp": build_mlp, "cnn": build_cnn}[network]()
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, eps=1e-7, fused=fused
    )
    forward = torch.compile(model) if compiled == "model" else model
    loss_sum, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)

    def step(x: Any, y: Any) -> None:
        logits = forward(x)
        loss = cross_entropy(logits, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss_sum.add_(loss.detach(), alpha=len(y))
        correct.add_((logits.detach().argmax(1) == y).sum())

    take_step = torch.compile(step) if compiled == "step" else step
    model.train()
    for _ in range(turns.epochs):
        turns.wait()
        loss_sum.zero_()
        correct.zero_()
        order = torch.randperm(len(images))
        if gather == "epoch":
            for x, y in zip(images[order].split(batch), labels[order].split(batch), strict=True):
                take_step(x, y)
        else:
            for rows in order.split(batch):
                take_step(images[rows], labels[rows])
        turns.report(loss_sum.item() / len(images), correct.item() / len(images))
    model.eval()
    with torch.no_grad():
        validation = torch.from_numpy(data.validation_images.reshape(-1, *shape).astype(np.float32) / 255)
        predicted = model(validation).argmax(1).numpy()
    turns.finish(predicted == data.validation_labels)


def build_cnn() -> Any:
    """The lab's `cnn`, with Keras' initial weights and its constants of batch normalization."""
    from torch import nn

    stack: list[Any] = []
    before = 1
    for stage in CONVOLUTIONS:
        for number, channels in enumerate(stage, start=1):
            stack.append(nn.Conv2d(before, channels, 3, padding=1, bias=False))
            if number == len(stage):
                stack.append(nn.MaxPool2d(2))
            stack += [nn.BatchNorm2d(channels, eps=1e-3, momentum=0.1), nn.ReLU()]
            before = channels
    stack += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(CONVOLUTION_RATE), nn.Linear(before, CLASSES)]
    return initialised(nn.Sequential(*stack))


def build_mlp() -> Any:
    """The same network, with Keras' initial weights and its constants of batch normalization."""
    from torch import nn

    stack: list[Any] = []
    widths = (28 * 28, *WIDTHS)
    for number, rate in enumerate(RATES, start=1):
        stack += [nn.Linear(widths[number - 1], widths[number]), nn.GELU()]
        if number < len(WIDTHS):
            stack.append(nn.BatchNorm1d(widths[number], eps=1e-3, momentum=0.01))
        stack.append(nn.Dropout(rate))
    return initialised(nn.Sequential(*stack, nn.Linear(WIDTHS[-1], CLASSES)))


def initialised(model: Any) -> Any:
    """Give it Keras' initial weights."""
    from torch import nn

    for layer in model:
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model
