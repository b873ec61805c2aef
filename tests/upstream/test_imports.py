"""Names are traced to where they are defined, whatever face hands them on."""

import pytest

from recipes.upstream.imports import Modules, extra_requirements, third_party
from recipes.upstream.layout import ROOT, UpstreamError


@pytest.fixture
def modules(tmp_path):
    """A package with a face and a chain of imports."""
    for name, text in {
        "__init__": "attach(__name__, submod_attrs={'nest.owl': ['hoot'], "
        "'cheese': ['Brie']})",
        "nest/owl": "def hoot():\n    from data_prep.mouse import eat\n",
        "mouse": 'CHEESE = "data_prep.Brie"\ndef eat(): pass\n',
        "cheese": "class Brie: pass\n",
    }.items():
        path = tmp_path / "data_prep" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return Modules(tmp_path)


def test_the_needed_are_followed_through_functions_and_names(modules):
    needed = ["data_prep.cheese", "data_prep.mouse", "data_prep.nest.owl"]
    for code in ("from data_prep import hoot", "import data_prep.nest.owl"):
        assert modules.needed({"a.py": code}) == needed
    assert modules.needed({"a.yaml": "b: !name:data_prep.hoot"}) == needed


NESTED = """\
class Nest:
    def fill(self):
        from data_prep import (
            hoot as call,
        )

def fly():
    from data_prep import hoot
"""


def test_what_a_face_hands_on_is_imported_from_its_source(modules):
    moved = NESTED.replace(
        "(\n            hoot as call,\n        )", "hoot as call"
    )
    moved = moved.replace("data_prep", "data_prep.nest.owl")
    assert modules.moved_code(NESTED) == moved
    yaml = "bird: !name:data_prep.hoot  # loud"
    moved = "bird: !name:data_prep.nest.owl.hoot  # loud"
    assert modules.moved_yaml(yaml) == moved
    quoted = '"data_prep.Brie", "data_prep.cheese.Brie", "data_prep.cheese"'
    moved = quoted.replace("prep.Brie", "prep.cheese.Brie")
    assert modules.moved_code(quoted) == moved


def test_a_module_that_moves_keeps_the_name_it_is_known_by():
    modules = Modules(ROOT)
    code = "from emoclust_lobes.contrast import losses, pool"
    assert modules.moved_code(code).splitlines() == [
        "from emoclust_lobes.contrast import pool",
        "from speechbrain.nnet.loss import cluster_contrastive_loss as losses",
    ]
    yaml = "prepare: !name:data_prep.prepare_cremad"
    assert modules.moved_yaml(yaml).endswith(":cremad_prepare.prepare_cremad")


def test_what_is_not_there_is_named(modules):
    with pytest.raises(UpstreamError, match="no module data_prep.cat"):
        modules.needed({"a.py": "import data_prep.cat"})
    with pytest.raises(UpstreamError, match="data_prep hands on no meow"):
        modules.needed({"a.yaml": "cat: !name:data_prep.meow"})

    face = modules.root / "data_prep" / "__init__.py"
    face.write_text("attach(submod_attrs={'mouse': ['eat', *OTHERS]})")
    with pytest.raises(UpstreamError, match="face of data_prep computes"):
        modules.needed({"a.py": "from data_prep import eat"})


def test_only_what_speechbrain_does_not_bring_is_required():
    code = "import os.path, torch.nn, sklearn\nimport_module('pandas.io')"
    imported = third_party([code, "from torch.utils.tensorboard import x"])
    assert imported == {"torch", "sklearn", "pandas", "tensorboard"}
    setup = '"torch>=2", "scikit-learn>=1.5", "pandas>=2.2", "tensorboard>=2"'
    required = extra_requirements({"numpy", "yaml", *imported}, setup)
    assert required == "pandas>=2.2\nscikit-learn>=1.5\ntensorboard>=2\n"
    with pytest.raises(UpstreamError, match="for matplotlib, x, "):
        extra_requirements({"x", "matplotlib", "pandas"}, f'{setup}, "x==1"')
