"""What a trained model hears: in files, folders and long recordings."""

from emoclust_lobes.predict.errors import PredictError
from emoclust_lobes.predict.predictor import FilePrediction, Predictor
from emoclust_lobes.predict.segments import Segment, merge_windows
