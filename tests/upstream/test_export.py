"""The exported tree keeps the rules and stands alone."""

import argparse
import ast
import csv
import re

import pandas as pd
import pytest
from emoclust_lobes.upstream import UpstreamError, check_destination, overlay
from emoclust_lobes.upstream.command import add_arguments, run
from emoclust_lobes.upstream.contracts import broken_contracts
from emoclust_lobes.upstream.export import make_tree
from emoclust_lobes.upstream.imports import Modules
from emoclust_lobes.upstream.layout import RECIPES, ROOT, SCRIPTS
from emoclust_lobes.upstream.lint import lint
from emoclust_lobes.upstream.rows import FIELDS, read_rows

RECIPE = "emotion_recognition/emoclust"


def test_all_rules_are_kept(exported):
    assert broken_contracts(exported) == []


def test_our_own_tree_is_in_their_style():
    modules = Modules(ROOT)
    scripts = [ROOT / f"{name}.py" for name in SCRIPTS]
    yamls = [
        path
        for recipe in RECIPES
        for path in (ROOT / "hparams").glob(f"{recipe.name}*.yaml")
    ]
    texts = {str(path): path.read_text() for path in [*scripts, *yamls]}
    lobes = [
        ROOT / f"{name.replace('.', '/')}.py" for name in modules.needed(texts)
    ]
    assert lint([*scripts, *yamls, *lobes]) == []


def test_every_import_finds_a_name_in_the_tree(exported):
    """Every file that could import it is looked up by hand."""
    n_imports = 0
    for path in exported.glob(f"recipes/*/{RECIPE}/**/*.py"):
        recipe = next(x for x in path.parents if x.name == "emoclust")
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom):
                continue
            there = f"{node.module.replace('.', '/')}.py"
            for base in (recipe, exported):
                if (base / there).is_file():
                    code = ast.parse((base / there).read_text())
                    names = {
                        getattr(x, "id", getattr(x, "name", None))
                        for x in ast.walk(code)
                    }
                    assert {x.name for x in node.names} <= names, (path, there)
                    n_imports += 1
                    break
            else:
                first = node.module.partition(".")[0]
                assert first not in ("data_prep", "emoclust_lobes"), path
                assert not first.endswith("_prepare"), path
    assert n_imports > 50


def test_every_class_that_a_yaml_names_is_in_the_tree(exported):
    yamls = list(exported.glob("recipes/**/hparams/*.yaml"))
    assert yamls
    for path in yamls:
        recipe = path.parents[1]
        for name in re.findall(r"!(?:name|new):(\S+)", path.read_text()):
            module, _, thing = name.rpartition(".")
            files = [
                base / f"{module.replace('.', '/')}.py"
                for base in (recipe, exported)
            ]
            code = "".join(x.read_text() for x in files if x.is_file())
            if not code:
                assert name.startswith(("torch.", "speechbrain.")), name
                assert "cluster" not in module, name
            else:
                assert re.search(rf"^(class|def) {thing}\b", code, re.M), name


def test_nothing_speaks_of_what_is_not_there(exported):
    for path in exported.glob("recipes/**/*"):
        if path.is_file() and path.suffix in (".py", ".yaml", ".md"):
            text = path.read_text()
            assert "hparams/cremad" not in text, path
            assert "hparams/iemocap" not in text, path
            assert 'pip install "emoclust' not in text, path
            for name in re.findall(r"hparams/(\w+\.yaml)", text):
                assert list(exported.glob(f"recipes/**/{name}")), (path, name)


def test_a_file_that_stands_twice_is_a_link(exported):
    seen = {}
    for path in exported.rglob("*.py"):
        if path.is_symlink() or path.name in {f"{x}.py" for x in SCRIPTS}:
            continue
        text = path.read_text()
        assert seen.setdefault(text, path) == path


def test_the_numbers_are_those_of_the_runs(exported):
    """Means over folds of means over seeds, one cell after another."""
    for recipe in RECIPES:
        page = exported / recipe.folder / "README.md"
        if not page.exists():
            continue
        found = re.findall(
            r"\| (train_\w+\.yaml) \| `--pretraining=(\w+)` \| (\S+) \| (\S+) \|",
            page.read_text(),
        )
        cells = ROOT / "recipes" / recipe.dataset / "results"
        if not cells.exists():
            assert "no results of this recipe" in page.read_text()
            continue
        assert found
        means = [means_of(path) for path in sorted(cells.glob("*/runs.csv"))]
        for _, system, *told in found:
            # A folder's table tells a system once, the next folder's again
            place = [system in folder for folder in means].index(True)
            for mean, number in zip(means[place].pop(system), told):
                assert abs(mean - float(number)) < 6e-4


def means_of(path):
    """UAR of each system with all labels: development, test."""
    runs = {}
    for _, cell in pd.read_csv(path).iterrows():
        if cell["labels"] == 1 and pd.isna(cell["enrolled"]):
            folds = runs.setdefault(cell["system"], {})
            scores = folds.setdefault(cell["fold"], ([], []))
            scores[0].append(cell["valid_uar"])
            scores[1].append(cell["uar"])
    return {
        system: [
            sum(sum(x[split]) / len(x[split]) for x in folds.values())
            / len(folds)
            for split in (0, 1)
        ]
        for system, folds in runs.items()
    }


THEIRS = (
    ",".join(FIELDS) + "\n"
    'Emotion_recognition,IEMOCAP,a.py,a.yaml,,R.md,,,--x=1,"file_exists=[a,b]",'
    "Test-Accuracy=65.7%\n"
)


def test_rows_are_added_to_those_of_a_checkout_once(exported, tmp_path):
    (tmp_path / "tests/recipes").mkdir(parents=True)
    path = tmp_path / "tests/recipes/CREMA-D.csv"
    path.write_text(THEIRS)
    overlay(exported, tmp_path)
    first = path.read_text()
    assert first.startswith(THEIRS)
    ours = [row for name, row in read_rows(exported) if name == "CREMA-D"]
    assert list(csv.DictReader(first.splitlines()))[1:] == ours
    for link in tmp_path.rglob("*"):
        if link.is_symlink():
            link.unlink()
    overlay(exported, tmp_path)
    assert path.read_text() == first


def test_a_destination_is_never_overwritten(exported, tmp_path):
    check_destination(tmp_path / "new")
    check_destination(tmp_path)
    (tmp_path / "speechbrain").mkdir()
    with pytest.raises(UpstreamError, match="no SpeechBrain checkout"):
        check_destination(tmp_path)
    (tmp_path / "speechbrain" / "version.txt").write_text("1.1.0")
    check_destination(tmp_path)
    overlay(exported, tmp_path)
    with pytest.raises(UpstreamError, match="there already"):
        check_destination(tmp_path)
    with pytest.raises(UpstreamError, match="is a file"):
        check_destination(ROOT / "README.md")


def test_without_our_scripts_nothing_is_exported(tmp_path):
    with pytest.raises(UpstreamError, match="checkout of emoclust"):
        make_tree(tmp_path / "tree", root=tmp_path)
    assert not (tmp_path / "tree").exists()


@pytest.mark.slow
def test_the_command_writes_everything(tmp_path):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    folder = tmp_path / "speechbrain"
    said = run(parser.parse_args([str(folder), "--pull_request=cremad"]))
    assert said.endswith("all rules kept")
    assert list(folder.glob("tests/samples/emotion/CREMA-D/AudioWAV/*.wav"))
    assert broken_contracts(folder) == []
