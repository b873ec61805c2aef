"""Results on their way to files, which keep what is finished."""

import os
import pathlib
import sys

from data_prep.storage.files import replacing
from emoclust_lobes.predict.annotations import ANNOTATIONS, annotation
from emoclust_lobes.predict.output import write_rows


class TableWriter:
    """Writes the rows of all recordings to one file, or to standard output.

    Interrupted, it leaves the file as it was, and the rows of the recordings that
    are finished in FILE.partial.
    """

    def __init__(self, form, output=None):
        self.form = form
        self.output = output

    def write(self, finished, columns):
        """Write recordings as they are finished: pairs of FilePrediction, rows."""
        ended: list[KeyboardInterrupt] = []
        until = _until_interrupted(finished, ended)
        if not self.output:
            self._write(until, columns, sys.stdout)
        else:
            partial = f"{self.output}.partial"
            with replacing(partial) as stream:
                self._write(until, columns, stream)
            if not ended:
                os.replace(partial, self.output)
            else:
                print(
                    f"emoclust: interrupted; what was finished is in {partial}",
                    file=sys.stderr,
                )
        if ended:
            raise ended[0]

    def _write(self, finished, columns, stream):
        if self.form in ANNOTATIONS:
            for prediction, rows in finished:
                text = annotation(rows, self.form, _end(prediction))
                stream.write(text)
                stream.flush()
            return
        rows = (row for _, rows in finished for row in rows)
        write_rows(rows, columns, self.form, stream)


class AnnotationWriter:
    """Writes a file for each recording as soon as it is finished.

    Without a path it goes to standard output.
    """

    def __init__(self, form, paths):
        self.form = form
        self.paths = paths

    def write(self, finished, columns):
        """Write recordings as they are finished: pairs of FilePrediction, rows."""
        for prediction, rows in finished:
            text = annotation(rows, self.form, _end(prediction))
            path = self.paths.get(prediction.path)
            if path is None:
                sys.stdout.write(text)
                continue
            pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as stream:
                stream.write(text)


def _end(prediction):
    """Where a recording ends, in seconds, rounded as its rows are."""
    return round(prediction.bounds[1], 3)


def _until_interrupted(items, ended):
    """Yield items until Ctrl-C, which is put into ``ended``."""
    try:
        yield from items
    except KeyboardInterrupt as interrupt:
        ended.append(interrupt)
