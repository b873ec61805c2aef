"""The exported tree stands alone."""

import ast
import collections
import re

import pandas as pd
import pytest
from pytest import approx

from recipes.upstream.__main__ import main
from recipes.upstream.export import check_destination, make_tree, overlay
from recipes.upstream.layout import HOMES, ROOT, UpstreamError
from recipes.upstream.rows import FIELDS, read_rows, with_rows
from speechbrain.utils.run_opts import RunOptions

RECIPE = "emotion_recognition/emoclust"


@pytest.fixture(scope="module", params=["cremad", "contrastive"])
def exported(request, tmp_path_factory):
    """A tree of each contribution, without sample data."""
    folder = tmp_path_factory.mktemp(request.param) / "tree"
    make_tree(folder, request.param)
    return folder


def unread_keys(yaml, script):
    """List the keys that SpeechBrain's check_yaml.py would complain about."""
    keys = []
    for line in yaml.splitlines():
        match = re.match(r"([^\s#][^:]*):", line)
        if match and not re.search("!!|!apply|parameter_transfer", line):
            keys.append(match[1])
        referred = re.findall(r"<(\w+)", line) if "!ref" in line else ()
        keys = [key for key in keys if key not in referred]
    options = set(RunOptions().as_dict())
    return [
        key
        for key in keys
        if key not in options
        and f'["{key}"]' not in script
        and not re.search(
            rf'(hparams|modules)\.{key}|(attr\(self\.hparams, |\.get\()"{key}',
            script,
        )
    ]


def test_every_key_of_a_yaml_stands_in_its_script(exported):
    for row in read_rows(exported / "tests/recipes/CREMA-D.csv"):
        yaml = (exported / row["Hparam_file"]).read_text()
        script = (exported / row["Script_file"]).read_text()
        assert unread_keys(yaml, script) == []
        longer = f"{yaml}\nfeathers: !ref <seed>\n"
        assert unread_keys(longer, script) == ["feathers"]


def names_in(path):
    """List what a Python or YAML file takes from where: (module, name)."""
    text = path.read_text()
    if path.suffix == ".yaml":
        return re.findall(r"!(?:name|new):(\S+)\.(\w+)", text)
    nodes = [x for x in ast.walk(ast.parse(text)) if type(x) is ast.ImportFrom]
    quoted = re.findall(r'"((?:data_prep|emoclust)[\w.]*)\.([A-Z]\w*)"', text)
    return quoted + [(x.module, y.name) for x in nodes for y in x.names]


def test_every_name_is_found_in_the_tree(exported):
    """Every file that could be meant is looked up by hand."""
    n_found = collections.Counter()
    for path in exported.glob(f"recipes/*/{RECIPE}/**/*.[py]*"):
        recipe = next(x for x in path.parents if x.name == "emoclust")
        for module, name in names_in(path):
            there = f"{module.replace('.', '/')}.py"
            files = [base / there for base in (recipe, exported)]
            modules = [x.with_suffix("") / f"{name}.py" for x in files]
            if any(x.is_file() for x in modules):
                continue
            code = "".join(x.read_text() for x in files if x.is_file())
            if code:
                defined = {
                    getattr(x, "id", getattr(x, "name", None))
                    for x in ast.walk(ast.parse(code))
                }
                assert name in defined, (path, module, name)
                n_found[path.suffix] += 1
            else:
                assert not module.startswith(("data_prep", "emoclust")), path
                assert module not in HOMES.values(), path
    assert n_found[".py"] > 50 and n_found[".yaml"] > 10


def test_nothing_speaks_of_what_is_not_there(exported):
    n_found = collections.Counter()
    for path in exported.glob("recipes/**/*"):
        if path.is_file() and path.suffix in (".py", ".yaml", ".md"):
            text = path.read_text()
            ours = r'hparams/(cremad|iemocap)|pip install "emoclust'
            assert not re.search(ours, text), path
            for name in re.findall(r"hparams/(\w+\.yaml)", text):
                assert list(exported.glob(f"recipes/**/{name}")), (path, name)
            n_found[path.suffix] += 1
    assert n_found[".py"] > 20 and n_found[".yaml"] > 1 and n_found[".md"]


def test_the_numbers_are_those_of_the_runs(exported):
    """Means over folds of means over seeds, one folder after another."""
    pages = list(exported.glob(f"recipes/*/{RECIPE}/README.md"))
    assert pages
    for page in pages:
        told = re.findall(
            r"\| train_\w+\.yaml \| `--pretraining=(\w+)` \| (\S+) \| (\S+) \|",
            page.read_text(),
        )
        assert told
        results = ROOT / "recipes" / page.parents[2].name / "results"
        folders = [means_of(x) for x in sorted(results.glob("*/runs.csv"))]
        for system, *scores in told:
            # A folder's table tells a system once, the next folder's again
            means = next(x.pop(system) for x in folders if system in x)
            assert [float(x) for x in scores] == approx(list(means), abs=6e-4)


def means_of(path):
    """UAR of each system with all labels: development, test."""
    runs = pd.read_csv(path)
    runs = runs[(runs["labels"] == 1) & runs["enrolled"].isna()]
    scores = runs.set_index(["system", "fold"])[["valid_uar", "uar"]]
    folds = scores.groupby(level=["system", "fold"]).mean()
    return dict(folds.groupby(level="system").mean().iterrows())


def test_rows_are_added_to_those_of_a_checkout_once(exported, tmp_path):
    path = tmp_path / "tests/recipes/CREMA-D.csv"
    path.parent.mkdir(parents=True)
    theirs = f'{",".join(FIELDS)}\n,,a.py,a.yaml,,,,,--x=1,"exists=[a,b]",\n'
    path.write_text(theirs)
    overlay(exported, tmp_path)
    text = path.read_text()
    assert text.startswith(theirs)
    ours = read_rows(exported / "tests/recipes/CREMA-D.csv")
    assert read_rows(path)[1:] == ours
    assert with_rows(text, ours) == text


def test_a_destination_is_never_overwritten(tmp_path):
    (tmp_path / "speechbrain").mkdir()
    with pytest.raises(UpstreamError, match="no SpeechBrain checkout"):
        check_destination(tmp_path)
    (tmp_path / "speechbrain" / "version.txt").write_text("1.1.0")
    check_destination(tmp_path)
    (tmp_path / "recipes" / "IEMOCAP" / RECIPE).mkdir(parents=True)
    with pytest.raises(UpstreamError, match="there already"):
        check_destination(tmp_path)


def test_the_command_writes_everything_or_says_why_not(tmp_path, capsys):
    folder = tmp_path / "speechbrain"
    assert main([str(folder), "--pull_request=cremad"]) == 0
    assert list(folder.glob("tests/samples/emotion/CREMA-D/AudioWAV/*.wav"))
    assert capsys.readouterr().out.endswith(f" files in {folder}\n")
    assert main([str(ROOT / "README.md")]) == 2
    assert "is a file" in capsys.readouterr().err


def test_templates_lie_beside_the_modules_that_fill_them(exported):
    (found,) = exported.glob("recipes/**/inference/templates/card.md")
    assert (
        found.read_text()
        == (ROOT / "emoclust_lobes/inference/templates/card.md").read_text()
    )
    assert (found.parents[1] / "card.py").is_file()
