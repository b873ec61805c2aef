"""Which of our modules an exported file needs, and how it imports them there."""

import ast
import collections
import functools
import re
import sys

from recipes.upstream.layout import HOMES, PACKAGES, UpstreamError

_OURS = rf"(?:{'|'.join(PACKAGES)})"
_TAG = re.compile(rf"(!(?:new|name|apply|applyref):)({_OURS}\S*)\.(\w+)")
_QUOTED = re.compile(rf'"({_OURS}(?:\.\w+)*)\.(\w+)"')
_BOUND = re.compile(r'"([\w.-]+)>=([\d.]+)')

# What SpeechBrain's pyproject.toml depends on
SPEECHBRAIN = set(
    "huggingface_hub hyperpyyaml joblib numpy packaging requests scipy "
    "sentencepiece soundfile speechbrain torch torchaudio tqdm".split()
)
# What these, or other requirements, always bring along
BROUGHT = {"ruamel", "yaml", "safetensors"}


class Modules:
    """The modules of our packages below a folder, read but not imported."""

    def __init__(self, root):
        self.root = root

    def source(self, module):
        """Return the text of a module or of a package's ``__init__.py``."""
        for path in (self._path(module), self._path(f"{module}.__init__")):
            if path.is_file():
                return path.read_text(encoding="utf-8")
        raise UpstreamError(
            f"there is no module {module} below {self.root}: correct the "
            "import or the YAML that names it"
        )

    def defining(self, module, name):
        """Return the module that defines a name which a face hands on."""
        if self._path(f"{module}.{name}").is_file():
            return f"{module}.{name}"
        if self._path(module).is_file():
            return module
        try:
            handed_on = _handed_on(self.source(module))
        except ValueError as error:
            raise UpstreamError(
                f"the face of {module} computes its submod_attrs ({error}): "
                "write them plainly, so that they are read without an import"
            ) from error
        for inner, names in handed_on.items():
            if name in names:
                return f"{module}.{inner}"
        raise UpstreamError(
            f"{module} hands on no {name}: correct the import or the YAML that "
            "names it"
        )

    def needed(self, texts):
        """List the modules that files (path -> text) need, but no packages.

        What a package hands on is imported from where it is defined.
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
        """Rewrite a Python file for SpeechBrain's tree; to be formatted then."""
        lines = text.splitlines(keepends=True)
        # From the end, so that line numbers stay true
        for node in sorted(_imports(text), key=lambda node: -node.lineno):
            if isinstance(node, ast.ImportFrom):
                indent = " " * node.col_offset
                new = [f"{indent}{line}" for line in self._moved_import(node)]
                old = slice(node.lineno - 1, node.end_lineno)
                ending = "\n" if lines[old][-1].endswith("\n") else ""
                lines[old] = ["\n".join(new) + ending]

        def moved(match):
            module = self.defining(*match.groups())
            is_module = module == ".".join(match.groups())
            return match[0] if is_module else f'"{module}.{match[2]}"'

        return _renamed(_QUOTED.sub(moved, "".join(lines)))

    def moved_yaml(self, text):
        """Rewrite the names in a YAML file for SpeechBrain's tree."""

        def moved(match):
            tag, module, name = match.groups()
            return f"{tag}{self.defining(module, name)}.{name}"

        return _renamed(_TAG.sub(moved, text))

    def _path(self, module):
        return self.root / f"{module.replace('.', '/')}.py"

    def _in_yaml(self, text):
        return [self.defining(*names) for _, *names in _TAG.findall(text)]

    def _in_code(self, text):
        found = []
        for node in _imports(text):
            if isinstance(node, ast.Import):
                found += [x.name for x in node.names]
            else:
                found += [
                    self.defining(node.module, x.name) for x in node.names
                ]
        # Classes that are named as text, to be found later
        return found + [self.defining(*x) for x in _QUOTED.findall(text)]

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
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [x.name for x in node.names]
        else:
            continue
        if any(name.partition(".")[0] in PACKAGES for name in names):
            found.append(node)
    return found


def _renamed(text):
    """Give modules that are named in a text their new names."""
    for old, new in HOMES.items():
        text = re.sub(rf"\b{re.escape(old)}\b", new, text)
    return text


def third_party(texts):
    """Return the top-level packages that Python files import: a set of names.

    Those of Python itself are left out.
    """
    found = set()
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found |= {x.name for x in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module or "")
            elif isinstance(node, ast.Call) and node.args:
                function = ast.unparse(node.func).rpartition(".")[2]
                first = node.args[0]
                if function == "import_module" and isinstance(
                    first, ast.Constant
                ):
                    found.add(str(first.value))
    if "torch.utils.tensorboard" in found:
        found.add("tensorboard")
    return {x.partition(".")[0] for x in found} - set(sys.stdlib_module_names)


def extra_requirements(imported, setup):
    """Write ``extra_requirements.txt``: what SpeechBrain does not bring.

    ``imported`` are top-level packages; our ``setup.py`` says from which
    version on each is needed.
    """
    bounds = dict(_BOUND.findall(setup))
    needed = {
        {"sklearn": "scikit-learn"}.get(x, x)
        for x in imported - SPEECHBRAIN - BROUGHT
    }
    if unknown := sorted(needed - set(bounds)):
        raise UpstreamError(
            f"setup.py gives no lower bound (>=) for {', '.join(unknown)}, "
            "which the recipes import: add one"
        )
    return "".join(f"{name}>={bounds[name]}\n" for name in sorted(needed))
