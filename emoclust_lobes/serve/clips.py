"""What happens to an uploaded clip: looked at, classified, deleted."""

import pathlib
import shutil

import soundfile
from data_prep.recordings.tar_shards import open_audio
from emoclust_lobes.predict.inputs import PredictError
from emoclust_lobes.serve.html import problem_html, result_html


class Clips:
    """Classifies uploaded clips and keeps none of them.

    Nothing outside ``folder`` is read or deleted, whatever a browser asks for.
    Up to the ``threshold`` of confidence an emotion is unknown.
    """

    def __init__(
        self, predictor, folder, max_seconds, listener=None, threshold=0.0
    ):
        self.predictor = predictor
        self.listener = listener
        self.folder = pathlib.Path(folder).resolve()
        self.max_seconds = max_seconds
        self.threshold = threshold

    def show(self, upload):
        """Return HTML, the result or what is wrong, and delete the clip."""
        if upload is None:
            return problem_html("There is no clip. Drop one, or record one.")
        path = pathlib.Path(upload).resolve()
        if path.parent.parent != self.folder or not path.is_file():
            return problem_html(
                "The clip is no longer there: clips are deleted once they were "
                "used. Drop it again."
            )
        try:
            problem = self._refusal(path)
            if problem:
                return problem_html(problem)
            found = self.predictor.predict_file(path, self.listener)
            scale = getattr(self.predictor.model.hparams, "scale", None)
            return result_html(found, self.threshold, scale)
        except PredictError as error:
            reason = str(error).removeprefix(f"{path}: ")
            return problem_html(f"This clip cannot be used: {reason}.")
        finally:
            shutil.rmtree(path.parent, ignore_errors=True)

    def _refusal(self, path):
        """Say what is wrong with a clip, by its size and header alone."""
        if path.stat().st_size == 0:
            return "The file is empty."
        try:
            header = soundfile.info(open_audio(path))
        except soundfile.LibsndfileError:
            return (
                "This file is not audio, or not of a kind that is known here. "
                "WAV, FLAC, MP3, OGG and Opus are."
            )
        if header.frames == 0:
            return "The clip is empty: it is 0 seconds long."
        seconds = header.frames / header.samplerate
        if seconds > self.max_seconds:
            return (
                f"The clip is too long: {seconds:,.0f} seconds. "
                f"Up to {self.max_seconds:,.0f} are taken here."
            )
        return None
