"""How the documentation becomes a site: hooks of MkDocs, docstrings.

The pages are written to be read in the repository, too. Here the README, those
of the recipes and what was measured join them, links between them are led to
where they lie in the site, and every package gets a page of its public names,
made of their docstrings.
"""

import ast
import pathlib
import re

import griffe
from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parents[1]
PACKAGES = ("emoclust_lobes", "data_prep")
# What SpeechBrain's docstrings call the sections that numpydoc knows.
SECTIONS = {"Arguments": "Parameters", "Example": "Examples"}


def on_files(files, config):
    """Add what lies outside of docs/, and a page for each package."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    for folder in ("recipes", "benchmarks/results", "findings"):
        pages += sorted(ROOT.glob(f"{folder}/**/*.*"))
    code = ROOT / "recipes" / "upstream"  # is no page
    for path in [x for x in pages if not x.is_relative_to(code)]:
        name = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, name, abs_src_path=str(path)))
    reference = {}
    for package in packages():
        name = ".".join(package.relative_to(ROOT).parts)
        page = f"reference/{name}.md"
        files.append(File.generated(config, page, content=reference_page(name)))
        reference[name] = page
    config.nav.append({"Reference": [{x: reference[x]} for x in reference]})
    return files


def packages():
    """List the folders of the packages and those inside them."""
    return [
        path.parent
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("__init__.py"))
    ]


def reference_page(name):
    """Write the page of a package: its docstring, and what it hands on."""
    about = (
        f"::: {name}\n    options: {{members: false, show_root_heading: false}}"
    )
    public = [
        f"::: {name}.{module}.{thing}"
        for module, things in handed_on(ROOT.joinpath(*name.split("."))).items()
        for thing in things
    ]
    return "\n\n".join([f"# {name}", about, *public])


def handed_on(package):
    """Return what the face of a package hands on: module -> names."""
    text = (package / "__init__.py").read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        # Of lazy_loader.attach; read, so that building the site loads nothing
        if isinstance(node, ast.keyword) and node.arg == "submod_attrs":
            return ast.literal_eval(node.value)
    return {}


def on_page_markdown(markdown, page, **_):
    """Lead links between docs/ and the rest to their places in the site."""
    if (ROOT / "docs" / page.file.src_uri).is_file():
        return markdown.replace("](../", "](")
    return re.sub(r"\]\(((?:\.\./)*)docs/", r"](\1", markdown)


class SpeechBrainSections(griffe.Extension):
    """Reads SpeechBrain's docstrings as numpydoc's."""

    def on_instance(self, *, obj, **_):
        """Rename the sections, and write out what is markup of Sphinx."""
        if obj.docstring:
            obj.docstring.value = as_numpydoc(obj.docstring.value)


def as_numpydoc(text):
    """Turn one of our docstrings into one of numpydoc's, in Markdown."""
    for ours, theirs in SECTIONS.items():
        text = re.sub(
            rf"^{ours}\n-+$", f"{theirs}\n{'-' * len(theirs)}", text, flags=re.M
        )
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)  # roles
    text = re.sub(
        r"^(=+  =.*\n(?:.+\n)+)", r"```text\n\1```\n", text, flags=re.M
    )
    return re.sub(r"::\n\n", ":\n\n", text)
