"""Which class of a model an emotion of a table is."""

import pathlib

from data_prep.errors import name_some
from emoclust_lobes.evaluate.table import EvaluateError
from hyperpyyaml import load_hyperpyyaml


def read_mapping(text, model_corpus, table_corpus):
    """Read ``--mapping``: what becomes of the model's classes and the table's.

    NAME=CLASS,NAME= are emotions of the table, of which the second is left out.
    A YAML is like ``crosscorpus.yaml``, with an entry below ``corpora`` for
    both sides (key or title). Returns two dicts, None for what stays as it is;
    in them None is what is left out.
    """
    if text is None:
        return None, None
    if not text.endswith((".yaml", ".yml")):
        pairs = [each.partition("=") for each in text.split(",")]
        if not all(name and sign for name, sign, _ in pairs):
            raise EvaluateError(
                f"--mapping={text} is neither a YAML file nor "
                "NAME=CLASS,NAME=CLASS (NAME= leaves an emotion out)"
            )
        return None, {name: to or None for name, _, to in pairs}
    try:
        corpora = load_hyperpyyaml(pathlib.Path(text).read_text("utf-8"))[
            "corpora"
        ]
        known = {}
        for key, entry in corpora.items():
            emotions = {str(a): b for a, b in entry["emotions"].items()}
            known[key] = known[entry.get("title", key)] = emotions
    except OSError:
        raise
    except Exception as error:  # whatever a YAML may raise
        raise EvaluateError(
            f"{text} cannot be read as corpora with emotions: {error}"
        ) from error
    for corpus, option in ((model_corpus, ""), (table_corpus, "--corpus=")):
        if corpus is not None and corpus not in known:
            raise EvaluateError(
                f"{text} has no corpus {option}{corpus or '(not told)'}: it has "
                f"{', '.join(corpora)}"
            )
    return known.get(model_corpus), known.get(table_corpus)


def common_classes(chances, truth, mapping):
    """Put the model's classes and the table's emotions into one class set.

    ``chances`` [n, classes] of classes that become one are added up, those
    that are left out shared out among the others; in ``truth`` they are
    missing.
    """
    of_model, of_table = mapping
    if of_model is not None:
        _refuse_unsaid(chances.columns, of_model, "the model")
        chances = chances.T.groupby(of_model).sum().T
        total = chances.sum(axis=1)
        if (total <= 0).any():
            raise EvaluateError(
                f"{(total <= 0).sum():,} predictions are entirely of classes that "
                "--mapping leaves out: give these a class"
            )
        chances = chances.div(total, axis=0)
    known = {x: x for x in chances.columns}
    if of_table is not None:
        _refuse_unsaid(truth, {**known, **of_table}, "the table")
    truth = truth.map({**known, **(of_table or {x: x for x in truth})})
    return chances, truth


def refuse_others(classes, truth, where):
    """Raise unless the model's classes hold all emotions of the table."""
    found = set(truth.dropna())
    others = sorted(found - set(classes))
    if not found & set(classes):
        problem = "no emotion in common"
    elif others:
        problem = f"emotions that the model does not know ({name_some(others)})"
    else:
        return
    raise EvaluateError(
        f"{where} and the model have {problem}: the table has "
        f"{name_some(sorted(found)) or 'none'}, the model "
        f"{', '.join(classes)}. Say what they are, --mapping=NAME=CLASS,NAME= "
        "(NAME= leaves an emotion out)"
    )


def _refuse_unsaid(emotions, mapping, whose):
    unsaid = sorted(set(emotions) - set(mapping))
    if unsaid:
        raise EvaluateError(
            f"--mapping does not say what becomes of {name_some(unsaid)} of "
            f"{whose}: give each a class, or nothing (null) to leave it out"
        )
