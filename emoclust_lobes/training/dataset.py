"""A dataset that keeps its table as columns, and makes rows when asked.

SpeechBrain's ``DynamicItemDataset`` holds a dictionary for each utterance: of
a million, minutes of a start and a gigabyte a loader worker.
"""

import bisect
import functools
from collections.abc import Mapping

import numpy as np
import pyarrow
import torch
from torch.utils.data._utils.pin_memory import pin_memory

from speechbrain.dataio.batch import PaddedBatch, PaddedData
from speechbrain.dataio.dataset import DynamicItemDataset
from speechbrain.utils.data_pipeline import DataPipeline
from speechbrain.utils.data_utils import recursive_to


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
        self.made = {key: x for x in dynamic_items for key in x.provides}

    def __getitem__(self, index):
        row = {"id": self.data_ids[index], **self.data.row(index)}
        return self.pipeline.compute_outputs(row)

    def by_length(self, indices):
        """Put rows into the order of their durations, where these are known."""
        durations = self.data.columns.get("duration")
        if durations is None:
            return list(indices)
        return sorted(indices, key=lambda index: durations[index])

    def batch(self, indices):
        """Return rows as SpeechBrain's ``PaddedBatch`` has them.

        Where every dynamic item has ``read_batch``, which is given lists and
        returns what a batch holds, no row is made by itself.
        """
        if not all(hasattr(x, "read_batch") for x in self.made.values()):
            return PaddedBatch([self[index] for index in indices])
        read = functools.cache(
            functools.partial(self.data.values_of, indices=list(indices))
        )
        return Batch(
            {
                key: self.made[item].read_batch(
                    *map(read, self.made[item].takes)
                )
                if item in self.made
                else read(item)
                for key, item in self.pipeline.output_mapping.items()
            }
        )


class Batch:
    """Columns of some rows, as SpeechBrain's ``PaddedBatch`` has them."""

    def __init__(self, columns):
        self.__dict__.update(columns)
        self.columns = columns

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def to(self, *args, **kwargs):
        """Move the tensors, in place."""
        return self._each(recursive_to, *args, **kwargs)

    def pin_memory(self):
        """Pin the tensors, in place."""
        return self._each(pin_memory)

    def _each(self, change, *args, **kwargs):
        for name, column in self.columns.items():
            if isinstance(column, (torch.Tensor, PaddedData)):
                self.__dict__[name] = change(column, *args, **kwargs)
        return self


class Batches(torch.utils.data.Dataset):
    """A ``ColumnarDataset`` whose loader asks for batches, not for rows."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return self.dataset[index]

    def __getitems__(self, indices):
        return self.dataset.batch(indices)


def as_it_is(batch):
    """Take what ``Batches`` gives for a batch: the loader's ``collate_fn``."""
    return batch


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
            else arrow[name].combine_chunks()
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

    def values_of(self, name, indices):
        """Return a column of some rows: numbers as a tensor, or a list."""
        if name == "id":
            return self.ids.take(indices).tolist()
        column = self.columns[name]
        if isinstance(column, np.ndarray):
            return torch.from_numpy(column[indices])
        return column.take(pyarrow.array(indices)).to_pylist()

    def row(self, index):
        """Return a row by its number: Python's own values by column."""
        return {
            name: column.item(index)
            if isinstance(column, np.ndarray)
            else column[index].as_py()
            for name, column in self.columns.items()
        }
