"""What the clusters inside speakers follow: measures, figures, a report.

``emoclust analyze`` writes a folder with a page that opens in any browser.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"report": ["AnalysisError"]}
)
