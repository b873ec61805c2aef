"""SpeechBrain's linters with SpeechBrain's settings.

The versions are those of its ``lint-requirements.txt``, the settings those of
its ``pyproject.toml``, ``.yamllint.yaml`` and ``.pre-commit-config.yaml``.
"""

import importlib.metadata
import pathlib
import subprocess
import sys
import tempfile

from emoclust_lobes.upstream.errors import UpstreamError

VERSIONS = {"ruff": "0.12.4", "yamllint": "1.35.1"}
RUFF = """\
target-version = "py38"
line-length = 80

[lint]
select = ["E", "W", "F", "I", "B", "C4", "UP"]
ignore = [
    "B007", "B904", "B028", "C400", "C401", "C403", "C404", "C405", "C408",
    "C409", "C414", "C416", "C417", "C419", "E203", "E266", "E501", "E721",
    "F601", "UP008", "UP028", "UP030", "UP031", "B008", "B006", "B011", "B019",
    "B023", "B026",
]

[lint.isort]
combine-as-imports = true
force-wrap-aliases = true
known-first-party = ["speechbrain"]
known-third-party = [
    "torch", "torchaudio", "numpy", "scipy", "hyperpyyaml", "joblib",
    "packaging", "requests", "sentencepiece", "tqdm", "huggingface_hub",
    "data_prep", "emoclust_lobes",
]
split-on-trailing-comma = false

[lint.per-file-ignores]
"__init__.py" = ["F401"]

[format]
quote-style = "double"
indent-style = "space"
skip-magic-trailing-comma = false
line-ending = "auto"
docstring-code-format = true
"""
YAMLLINT = """\
extends: default
rules:
  document-start: {present: False}
  truthy: {allowed-values: ['True', 'False'], level: error}
  comments: disable
  comments-indentation: disable
  line-length: {level: warning, allow-non-breakable-inline-mappings: True}
"""
# Of the words that SpeechBrain lets pass, those that codespell knows
SPELLING = "ser,houlsby"


def format_python(files):
    """Sort the imports of Python files and format them.

    Arguments
    ---------
    files : list of pathlib.Path
        Changed in place.

    Raises
    ------
    UpstreamError
        When ruff is not installed in SpeechBrain's version, or cannot read a
        file.

    Example
    -------
    >>> path = getfixture("tmp_path") / "code.py"
    >>> _ = path.write_text("import torch, os\\nprint( os , torch )\\n")
    >>> format_python([path])
    >>> print(path.read_text())
    import os
    <BLANKLINE>
    import torch
    <BLANKLINE>
    print(os, torch)
    <BLANKLINE>
    """
    _require_versions()
    names = [str(path) for path in files]
    with _settings("ruff.toml", RUFF) as ruff:
        problems = [
            *_run("ruff", "check", "--fix", "--select=I", *ruff, *names),
            *_run("ruff", "format", *ruff, *names),
        ]
    if problems:
        raise UpstreamError("ruff cannot format:\n" + "\n".join(problems))


def lint(files):
    """Run SpeechBrain's linters.

    Arguments
    ---------
    files : list of pathlib.Path
        Python, YAML and other text files.

    Returns
    -------
    list of str
        What they say, a line each; empty when all is well.

    Raises
    ------
    UpstreamError
        When a linter is not installed in SpeechBrain's version.

    Example
    -------
    >>> path = getfixture("tmp_path") / "a.yaml"
    >>> _ = path.write_text("fast: yes\\n")
    >>> problems = lint([path])
    >>> "truthy value should be one of [False, True]" in problems[0]
    True
    """
    _require_versions()
    code = [str(path) for path in files if path.suffix == ".py"]
    yamls = [str(path) for path in files if path.suffix == ".yaml"]
    problems = []
    if code:
        with _settings("ruff.toml", RUFF) as ruff:
            style = ["--output-format=concise", "--quiet"]
            problems += _run("ruff", "check", *style, *ruff, *code)
            problems += _run(
                "ruff", "format", "--diff", "--quiet", *ruff, *code
            )
    if yamls:
        with _settings("yamllint.yaml", YAMLLINT) as settings:
            style = ["--format=parsable", "--no-warnings", "--config-file"]
            problems += _run("yamllint", *style, settings[1], *yamls)
    with tempfile.TemporaryDirectory() as nowhere:
        names = [str(path.resolve()) for path in files]
        command = ["codespell_lib", f"--ignore-words-list={SPELLING}"]
        problems += _run(*command, *names, cwd=nowhere)
    return problems


class _settings:
    """Arguments that name a temporary file with a linter's settings."""

    def __init__(self, name, text):
        self.name, self.text = name, text

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name, self.name)
        path.write_text(self.text, encoding="utf-8")
        return ["--config", str(path)]

    def __exit__(self, *error):
        self.folder.cleanup()


def _run(module, *arguments, cwd=None):
    """Run a linter; return the lines that it writes when it finds something."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def _require_versions():
    for name, version in VERSIONS.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "none"
        if found != version:
            raise UpstreamError(
                f"SpeechBrain checks with {name} {version}, and there is "
                f'{found} here: pip install "emoclust[test]"'
            )
