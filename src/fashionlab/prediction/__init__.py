"""A run answers for images that nobody here made: photographs, files by the thousand, arrays.

predictor   from images to classes with calibrated probabilities, with NumPy where it can
facts       what answering needs to know of a run beside its weights, computed once and kept in `derived/`
unlike      how far an image is from all that the network was trained on
files       files and folders, one after the other; what is wrong with one of them is said and costs only it
"""

from fashionlab.prediction.files import Failure, find_files, predict_files
from fashionlab.prediction.predictor import Prediction, Predictor

__all__ = ["Failure", "Prediction", "Predictor", "find_files", "predict_files"]
