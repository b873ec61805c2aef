"""A dataset that keeps its table as columns, and makes rows when asked.

SpeechBrain's ``DynamicItemDataset`` holds a dictionary for each utterance:
a million of them take minutes of every start and a gigabyte, of which each
loader worker ends up with a copy of its own, as looking at a Python object
writes to it. Columns are few objects, whatever the number of rows.
"""

import bisect
from collections.abc import Mapping

import numpy as np
import pyarrow

from speechbrain.dataio.dataset import DynamicItemDataset
from speechbrain.utils.data_pipeline import DataPipeline


class ColumnarDataset(DynamicItemDataset):
    """SpeechBrain's ``DynamicItemDataset`` of the rows of a table.

    ``ID`` becomes the item ``id``; ``data_ids`` is an array, and no list.
    """

    def __init__(self, table, dynamic_items=(), output_keys=()):
        self.data = Rows(table)
        self.data_ids = self.data.ids
        keys = [*self.data.columns, "id"]
        self.pipeline = DataPipeline(keys, list(dynamic_items))
        self.set_output_keys(output_keys)

    def __getitem__(self, index):
        row = {"id": self.data_ids[index], **self.data.row(index)}
        return self.pipeline.compute_outputs(row)


class Rows(Mapping):
    """The rows of a table as dictionaries by ``ID``, made when asked for.

    ``columns`` are arrays: numbers of numpy, all else of pyarrow.
    """

    def __init__(self, table):
        self.ids = table["ID"].array
        arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
        self.columns = {
            name: table[name].to_numpy()
            if table[name].dtype.kind in "iuf"
            else arrow[name]
            for name in table.columns.drop("ID")
        }
        # Sorted, as manifests are, the IDs are their own index.
        rising = (self.ids[:-1] < self.ids[1:]).all()
        self._order = range(len(table)) if rising else self.ids.argsort()

    def __len__(self):
        return len(self.ids)

    def __iter__(self):
        return iter(self.ids)

    def __getitem__(self, data_id):
        place = bisect.bisect_left(
            self._order, data_id, key=lambda index: self.ids[index]
        )
        if place < len(self):
            index = self._order[place]
            if self.ids[index] == data_id:
                return self.row(index)
        raise KeyError(data_id)

    def row(self, index):
        """Return a row by its number: Python's own values by column."""
        return {
            name: column.item(index)
            if isinstance(column, np.ndarray)
            else column[index].as_py()
            for name, column in self.columns.items()
        }
