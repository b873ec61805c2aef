"""What the clusters inside speakers follow: measures, figures, a report.

``analyse`` takes manifests and embeddings and writes a folder with a page that
opens in any browser. ``emoclust analyse`` runs it from a YAML.
"""

from emoclust_lobes.analysis.command import add_arguments, analyse_experiment
from emoclust_lobes.analysis.report import AnalysisError, analyse
