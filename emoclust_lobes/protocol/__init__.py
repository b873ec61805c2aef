"""Many runs, one answer: the results of folds, seeds and systems."""

from emoclust_lobes.protocol.averages import pooled_confusion, summarize
from emoclust_lobes.protocol.cells import Results, merge_cells, read_results
from emoclust_lobes.protocol.report import README_TABLES, write_report
from emoclust_lobes.protocol.rows import cell_rows
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.statistics import (
    corrected_t_test,
    holm,
    paired_difference,
    uar_interval,
)
