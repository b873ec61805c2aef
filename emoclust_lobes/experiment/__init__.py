"""Options, folders of runs, the steps before training, summaries of both."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"yaml_options": ["system_name"]}
)
