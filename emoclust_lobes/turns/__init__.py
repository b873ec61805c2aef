"""Who speaks when in a recording: speech, speakers, turns.

* ``windows`` reads recordings of any length, never whole;
* ``speech`` finds where is speech, ``speakers`` whose it is;
* ``listening`` puts them together; ``turn_files`` reads what somebody has.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"listening": ["Listener"]}
)
