"""Results on their way to files, which keep what is finished."""

import os
import pathlib
import sys

from data_prep.storage.files import replacing
from emoclust_lobes.predict.annotations import ANNOTATIONS, annotation
from emoclust_lobes.predict.output import write_rows


class TableWriter:
    """Writes the rows of all recordings to one file, or to standard output.

    Interrupted, it leaves those that are finished in FILE.partial.
    """

    def __init__(self, form, output=None):
        self.form = form
        self.output = output

    def write(self, finished, columns):
        """Write recordings as they are finished: pairs of FilePrediction, rows."""
        if not self.output:
            interrupt = self._write(finished, columns, sys.stdout)
        else:
            partial = f"{self.output}.partial"
            with replacing(partial) as stream:
                interrupt = self._write(finished, columns, stream)
            if interrupt is None:
                os.replace(partial, self.output)
            else:
                print(
                    f"emoclust: interrupted; what was finished is in {partial}",
                    file=sys.stderr,
                )
        if interrupt:
            raise interrupt

    def _write(self, finished, columns, stream):
        """Write until the end or Ctrl-C, which is returned."""
        interrupt = None
        kept = []
        rows = (row for _, rows in finished for row in rows)
        try:
            if self.form in ANNOTATIONS:
                for prediction, parts in finished:
                    end = _end(prediction)
                    stream.write(annotation(parts, self.form, end))
                    stream.flush()
            elif self.form == "csv":
                write_rows(rows, columns, self.form, stream)
            else:
                for row in rows:
                    kept.append(row)
        except KeyboardInterrupt as error:
            interrupt = error
        if self.form not in (*ANNOTATIONS, "csv"):
            write_rows(kept, columns, self.form, stream)
        return interrupt


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
