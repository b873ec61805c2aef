"""Here, and only here, every clip is computed anew."""

import pytest
from emoclust_lobes.synthetic import tree, voice


@pytest.fixture(autouse=True)
def computed(monkeypatch):
    """Undo that no clip is computed twice."""
    monkeypatch.setattr(tree, "speak", voice.speak)
