"""Many runs, one answer: the results of folds, seeds and systems."""

from emoclust_lobes.protocol.cells import (
    Results,
    cell_rows,
    merge_cells,
    read_results,
)
from emoclust_lobes.protocol.report import README_TABLES, write_report
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.statistics import (
    corrected_t_test,
    holm,
    paired_difference,
    pooled_confusion,
    summarize,
    uar_interval,
)
