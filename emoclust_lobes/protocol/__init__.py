"""Many runs, one answer: the results of folds, seeds and systems."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "averages": ["summarize"],
        "report": ["README_TABLES", "write_report"],
        "runs": ["merge_runs", "read_results", "run_rows"],
        "schema": ["Condition"],
        "statistics": [
            "corrected_t",
            "holm",
            "paired_difference",
            "uar_interval",
        ],
    },
)
