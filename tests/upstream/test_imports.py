"""Names are traced to where they are defined, whoever re-exports them."""

import importlib
import inspect

import pytest
from emoclust_lobes.upstream.errors import UpstreamError
from emoclust_lobes.upstream.imports import Modules
from emoclust_lobes.upstream.layout import ROOT


@pytest.mark.parametrize("package", ["data_prep", "emoclust_lobes"])
def test_names_are_defined_where_python_says(package):
    loaded = importlib.import_module(package)
    public = {
        name: x.__module__
        for name, x in vars(loaded).items()
        if inspect.isclass(x) or inspect.isfunction(x)
    }
    assert public
    modules = Modules(ROOT)
    for name, module in public.items():
        assert modules.defining(package, name) == module, name


@pytest.fixture
def modules(tmp_path):
    """A package with a re-export and a chain of imports."""
    for name, text in {
        "__init__": "from data_prep.owl import hoot\n",
        "owl": "def hoot():\n    from data_prep.mouse import eat\n",
        "mouse": 'CHEESE = "data_prep.cheese.Brie"\ndef eat(): pass\n',
        "cheese": "class Brie: pass\n",
        "dog": "",
    }.items():
        path = tmp_path / "data_prep" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return Modules(tmp_path)


def test_the_needed_are_followed_through_functions_and_names(modules):
    needed = ["data_prep.cheese", "data_prep.mouse", "data_prep.owl"]
    for name, text in {
        "a.py": "from data_prep import hoot",
        "b.py": "import data_prep.owl",
        "c.yaml": "bird: !name:data_prep.hoot\n",
    }.items():
        assert modules.needed({name: text}) == needed, name


def test_a_re_export_is_imported_from_its_source(modules):
    code = "if True:\n    from data_prep import (\n        hoot as c,\n    )\n"
    moved = "if True:\n    from data_prep.owl import hoot as c\n"
    assert modules.moved_code(code) == moved
    yaml = "bird: !name:data_prep.hoot  # loud"
    assert modules.moved_yaml(yaml) == "bird: !name:data_prep.owl.hoot  # loud"


def test_a_module_that_moves_keeps_the_name_it_is_known_by():
    moved = Modules(ROOT).moved_code("from emoclust_lobes import losses, files")
    assert moved.splitlines() == [
        "from emoclust_lobes import files",
        "from speechbrain.nnet.loss import cluster_contrastive_loss as losses",
    ]


NESTED = """\
class Nest:
    def fill(self):
        from data_prep import (
            hoot,
        )

    hoot = 1


def fly():
    from data_prep import hoot

    return hoot
"""


def test_imports_are_rewritten_wherever_they_stand(modules):
    moved = modules.moved_code(NESTED)
    assert moved == NESTED.replace(
        "from data_prep import (\n            hoot,\n        )",
        "from data_prep.owl import hoot",
    ).replace("from data_prep import hoot", "from data_prep.owl import hoot")


def test_what_is_not_there_is_named(modules):
    with pytest.raises(UpstreamError, match="no module data_prep.cat"):
        modules.needed({"a.py": "import data_prep.cat"})
