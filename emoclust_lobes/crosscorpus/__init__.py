"""Train on one corpus, test on another: a matrix over corpora."""

from emoclust_lobes.crosscorpus.cells import read_matrix
from emoclust_lobes.crosscorpus.command import add_arguments, run
from emoclust_lobes.crosscorpus.corpora import CrossCorpusError
from emoclust_lobes.crosscorpus.report import README_TABLES, write_report
