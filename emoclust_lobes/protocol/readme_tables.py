"""Tables of results inside READMEs, which are made anew from the results."""

import pathlib
import re

from data_prep.storage.files import replacing


class ReadmeTables:
    """Tables that stand between markers in a README.

    A table stands between ``<!-- WORD: FOLDER TABLE -->``, with a folder of
    results relative to the README's own, and ``<!-- /WORD -->``, each on a
    line of its own.

    Arguments
    ---------
    word : str
        The markers'.
    names : iterable of str
        Tables that there are.
    make : callable
        ``make(path, folder, table)`` returns what stands between the markers:
        the results lie in ``path``, which the README calls ``folder``.

    Example
    -------
    >>> readme = getfixture("tmp_path") / "README.md"
    >>> _ = readme.write_text("<!-- runs: a main -->\\n<!-- /runs -->\\n")
    >>> tables = ReadmeTables("runs", ["main"], lambda *asked: asked[2].upper())
    >>> tables.stale(readme)
    ['a main']
    >>> tables.rebuild(readme)
    >>> print(readme.read_text(), end="")
    <!-- runs: a main -->
    <BLANKLINE>
    MAIN
    <BLANKLINE>
    <!-- /runs -->
    """

    def __init__(self, word, names, make):
        self.opening, self.closing = f"<!-- {word}:", f"<!-- /{word} -->"
        self.names = tuple(names)
        self.make = make
        self._block = re.compile(
            rf"{self.opening} (?P<folder>\S+) (?P<table>\S+) -->\n"
            rf"(?:(?!<!-- ).)*?{self.closing}",
            re.DOTALL,
        )

    def rebuild(self, readme):
        """Renew the tables of a README.

        Arguments
        ---------
        readme : str or pathlib.Path
            The file; what stands elsewhere in it is kept.

        Raises
        ------
        FileNotFoundError
            When there are no results in a folder.
        ValueError
            When a marker has no end, an unknown table, or one without data.
        """
        readme = pathlib.Path(readme)
        text = self._checked(readme)
        rebuilt = self._block.sub(lambda x: self._rebuilt(x, readme), text)
        if rebuilt != text:
            with replacing(readme) as stream:
                stream.write(rebuilt)

    def stale(self, readme):
        """List the tables of a README that are not those of the results.

        Arguments
        ---------
        readme : str or pathlib.Path
            As for ``rebuild``.

        Returns
        -------
        list of str
            "FOLDER TABLE" of each that ``rebuild`` would change.

        Raises
        ------
        FileNotFoundError, ValueError
            As ``rebuild``.
        """
        readme = pathlib.Path(readme)
        return [
            f"{block['folder']} {block['table']}"
            for block in self._block.finditer(self._checked(readme))
            if self._rebuilt(block, readme) != block[0]
        ]

    def rebuild_above(self, folder, root):
        """Renew the tables of all READMEs above a folder of results.

        Arguments
        ---------
        folder : str or pathlib.Path
            Where the results are.
        root : pathlib.Path
            The highest folder whose README counts.

        Returns
        -------
        list of pathlib.Path
            The READMEs, from the lowest to the highest.

        Raises
        ------
        FileNotFoundError, ValueError
            As ``rebuild``.
        """
        readmes = [
            parent / "README.md"
            for parent in pathlib.Path(folder).resolve().parents
            if root in (parent, *parent.parents)
        ]
        found = [readme for readme in readmes if readme.is_file()]
        for readme in found:
            self.rebuild(readme)
        return found

    def _checked(self, readme):
        """Read a README whose markers are all in order."""
        text = readme.read_text(encoding="utf-8")
        whole = {block.start() for block in self._block.finditer(text)}
        for marker in re.finditer(rf"{self.opening}[^\n]*", text):
            if marker.start() not in whole:
                raise ValueError(
                    f"{readme}: {marker[0]!r} is not '{self.opening} FOLDER "
                    f"TABLE -->' alone on its line, or no '{self.closing}' "
                    "follows it"
                )
        return text

    def _rebuilt(self, block, readme):
        folder, name = block["folder"], block["table"]
        marker = f"{self.opening} {folder} {name} -->"
        if name not in self.names:
            raise ValueError(
                f"{readme}: {marker!r} names none of the tables "
                f"{list(self.names)}"
            )
        made = self.make(readme.parent / folder, folder, name)
        if not made:
            raise ValueError(f"{readme}: {marker!r}: no results for this table")
        return f"{marker}\n\n{made}\n\n{self.closing}"
