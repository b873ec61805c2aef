"""Tables of results inside READMEs, which are made anew from the results."""

import pathlib
import re

from data_prep.storage.files import replacing


class ReadmeTables:
    """Tables that stand between markers in a README, on lines of their own.

    These are ``<!-- WORD: FOLDER TABLE -->``, the folder relative to the README's own,
    and ``<!-- /WORD -->``; ``make(path, folder, table)`` returns what is between.
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
        """Renew the tables of a README, or say what is wrong with its markers."""
        readme = pathlib.Path(readme)
        text = self._checked(readme)
        rebuilt = self._block.sub(lambda x: self._rebuilt(x, readme), text)
        if rebuilt != text:
            with replacing(readme) as stream:
                stream.write(rebuilt)

    def stale(self, readme):
        """List "FOLDER TABLE" of each table that ``rebuild`` would change."""
        readme = pathlib.Path(readme)
        return [
            f"{block['folder']} {block['table']}"
            for block in self._block.finditer(self._checked(readme))
            if self._rebuilt(block, readme) != block[0]
        ]

    def report(self, report, root):
        """Renew the tables of all READMEs from a report's folder up to a root.

        Returns what a command prints: where the report and the tables are.
        """
        lines = [f"report: {report}"]
        for parent in pathlib.Path(report).parent.resolve().parents:
            readme = parent / "README.md"
            if root in (parent, *parent.parents) and readme.is_file():
                self.rebuild(readme)
                lines.append(f"tables: {readme}")
        return "\n".join(lines)

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
