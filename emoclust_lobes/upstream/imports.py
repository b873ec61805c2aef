"""Which of our modules an exported file needs, and how it imports them there."""

import ast
import collections
import functools
import re

from emoclust_lobes.upstream.errors import UpstreamError
from emoclust_lobes.upstream.layout import HOMES, PACKAGES

# What a YAML makes or calls
_TAG = re.compile(
    rf"!(?:new|name|apply|applyref):((?:{'|'.join(PACKAGES)})\S+)"
)

_CLASS = re.compile(rf"\"((?:{'|'.join(PACKAGES)})(?:\.\w+)+)\.(\w+)\"")


class Modules:
    """The modules of our packages, read but not imported.

    Arguments
    ---------
    root : pathlib.Path
        Folder that holds the packages.

    Example
    -------
    >>> from emoclust_lobes.upstream.layout import ROOT
    >>> modules = Modules(ROOT)
    >>> modules.defining("data_prep", "prepare_cremad")
    'data_prep.corpora.cremad'
    >>> modules.defining("data_prep.storage", "files")
    'data_prep.storage.files'
    """

    def __init__(self, root):
        self.root = root

    def source(self, module):
        """Return the text of a module.

        Raises
        ------
        UpstreamError
            When there is no such module.
        """
        path = self._path(module)
        if not path.is_file():
            path = self._path(f"{module}.__init__")
        if not path.is_file():
            raise UpstreamError(
                f"there is no module {module} below {self.root}: correct the "
                "import or the YAML that names it"
            )
        return path.read_text(encoding="utf-8")

    def defining(self, module, name):
        """Return the module that defines a name which another re-exports."""
        if self._path(f"{module}.{name}").is_file():
            return f"{module}.{name}"
        if self._path(module).is_file():
            return module
        for inner, names in _handed_on(self.source(module)).items():
            if name in names:
                return f"{module}.{inner}"
        return module

    def needed(self, texts):
        """Return the modules that scripts and YAML files need.

        Arguments
        ---------
        texts : dict
            Path -> text of each Python or YAML file.

        Returns
        -------
        list of str
            Names of modules, sorted; packages are left out, because names that
            they re-export are imported from where they are defined.
        """
        needed: set[str] = set()
        waiting: list[str] = []
        for path, text in texts.items():
            is_yaml = path.endswith(".yaml")
            waiting += self._in_yaml(text) if is_yaml else self._in_code(text)
        while waiting:
            module = waiting.pop()
            source = self.source(module)
            if module not in needed and self._path(module).is_file():
                needed.add(module)
                waiting += self._in_code(source)
        return sorted(needed)

    def moved_code(self, text):
        """Rewrite a Python file for SpeechBrain's tree.

        Arguments
        ---------
        text : str
            The file.

        Returns
        -------
        str
            The same with its imports, and what it says of modules, changed. It
            may want to be formatted.

        Example
        -------
        >>> from emoclust_lobes.upstream.layout import ROOT
        >>> code = "from data_prep import Source, prepare_cremad"
        >>> print(Modules(ROOT).moved_code(code))
        from cremad_prepare import prepare_cremad
        from data_prep.manifests.manifest import Source
        """
        lines = text.splitlines(keepends=True)
        # From the end, so that line numbers stay true
        found = sorted(_imports(text), key=lambda node: -node.lineno)
        for node in found:
            if isinstance(node, ast.ImportFrom):
                indent = " " * node.col_offset
                new = [f"{indent}{line}" for line in self._moved_import(node)]
                old = slice(node.lineno - 1, node.end_lineno)
                ending = "\n" if lines[old][-1].endswith("\n") else ""
                lines[old] = ["\n".join(new) + ending]
        return _renamed("".join(lines))

    def moved_yaml(self, text):
        """Rewrite the names in a YAML file for SpeechBrain's tree.

        Example
        -------
        >>> from emoclust_lobes.upstream.layout import ROOT
        >>> Modules(ROOT).moved_yaml("prepare: !name:data_prep.prepare_cremad")
        'prepare: !name:cremad_prepare.prepare_cremad'
        """

        def moved(match):
            module, _, name = match[1].rpartition(".")
            tag = match[0][: -len(match[1])]
            return f"{tag}{self.defining(module, name)}.{name}"

        return _renamed(_TAG.sub(moved, text))

    def _path(self, module):
        return self.root / f"{module.replace('.', '/')}.py"

    def _in_yaml(self, text):
        names = [match.rpartition(".") for match in _TAG.findall(text)]
        return [self.defining(module, name) for module, _, name in names]

    def _in_code(self, text):
        found = []
        for node in _imports(text):
            if isinstance(node, ast.Import):
                found += [x.name for x in node.names]
            else:
                found += [
                    self.defining(node.module, x.name) for x in node.names
                ]
        # Classes that are named to be found later
        found += [self.defining(*names) for names in _CLASS.findall(text)]
        return found

    def _moved_import(self, node):
        """Return the lines that take the place of ``from ... import ...``."""
        names = collections.defaultdict(list)
        for alias in node.names:
            module, name = self.defining(node.module, alias.name), alias.name
            home = HOMES.get(module, module)
            if module == f"{node.module}.{name}":  # a module itself
                home, _, name = home.rpartition(".")
            known_as = alias.asname or alias.name
            text = name if name == known_as else f"{name} as {known_as}"
            names[home].append(text)
        return [
            f"from {module} import {', '.join(names[module])}"
            for module in sorted(names)
        ]


def _handed_on(text):
    """Return what a package hands on lazily: module -> names."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg == "submod_attrs":
            return ast.literal_eval(node.value)
    return {}


@functools.cache
def _imports(text):
    """List the imports of our packages, wherever they stand."""
    return [
        node
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.ImportFrom) and _ours(node.module))
        or (
            isinstance(node, ast.Import)
            and any(_ours(x.name) for x in node.names)
        )
    ]


def _ours(module):
    return (module or "").partition(".")[0] in PACKAGES


def _renamed(text):
    """Give modules that are named in a text their new names."""
    for old, new in HOMES.items():
        text = re.sub(rf"\b{re.escape(old)}\b", new, text)
    return text


def third_party(texts):
    """List what Python files import from elsewhere.

    Arguments
    ---------
    texts : iterable of str
        The files.

    Returns
    -------
    set of str
        Names of top-level packages, those of Python itself among them.

    Example
    -------
    >>> sorted(third_party(["import os.path", 'import_module("pandas.io")']))
    ['os', 'pandas']
    """
    found = set()
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found |= {x.name.partition(".")[0] for x in node.names}
            if isinstance(node, ast.ImportFrom) and not node.level:
                module = node.module or ""
                found.add(module.partition(".")[0])
                if module == "torch.utils.tensorboard":  # a stand-in
                    found.add("tensorboard")
            if isinstance(node, ast.Call) and node.args:
                function = ast.unparse(node.func).rpartition(".")[2]
                first = node.args[0]
                if function == "import_module" and isinstance(
                    first, ast.Constant
                ):
                    found.add(str(first.value).partition(".")[0])
    return found
