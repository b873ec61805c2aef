"""What the clusters inside speakers follow: measures, figures, a report.

``analyze`` takes manifests and embeddings and writes a folder with a page that
opens in any browser. ``emoclust analyze`` runs it from a YAML.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"report": ["AnalysisError", "analyze"]}
)
