"""What a trained model is worth, from its logits: plain numbers that go to JSON as they are."""

from fashionlab.evaluation.metrics import confusion_matrix, evaluate, wilson_interval

__all__ = ["confusion_matrix", "evaluate", "wilson_interval"]
