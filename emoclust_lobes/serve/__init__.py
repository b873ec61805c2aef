"""A page on this machine: drop or record a clip, see its emotion.

* ``clips`` reads what was uploaded and deletes it;
* ``html`` and ``timeline`` are what is shown;
* ``page`` puts it together with Gradio, an extra;
* ``server`` and ``command`` start it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"server": ["ServeError"]}
)
