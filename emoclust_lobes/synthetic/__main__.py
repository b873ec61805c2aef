"""Make a synthetic corpus: ``python -m emoclust_lobes.synthetic --help``."""

import argparse
import inspect
from collections.abc import Callable

import pandas as pd
from data_prep.errors import EmoclustError
from emoclust_lobes import synthetic

MAKERS: dict[str, Callable] = {
    name: getattr(synthetic, f"make_{name}")
    for name in (
        *("cremad", "emodb", "esd", "generic", "iemocap", "msp_podcast"),
        *("ravdess", "savee", "tess", "pool"),
    )
}
# The options are the makers' keyword arguments, less the leading n_
HELP = {
    "n_speakers": "number of speakers",
    "n_sessions": "number of sessions (of each speaker, in a pool)",
    "n_sentences": "number of sentences",
    "n_statements": "number of sentences",
    "n_words": "number of words",
    "n_segments": "segments of each speaker with each label",
    "n_repetitions": "takes of each sentence",
    "n_per_emotion": "turns of each speaker in each of the four classes",
    "n_outside": "turns of each speaker outside the four classes",
    "n_utterances": "utterances of each session",
    "sample_rate": "sample rate in Hz",
    "seed": "other seeds give other people",
}


def main(arguments=None):
    """Make the corpus that the command line asks for and print its counts."""
    parser = argparse.ArgumentParser(
        prog="python -m emoclust_lobes.synthetic",
        description="Make a miniature SYNTHETIC corpus of emotional speech.",
    )
    commands = parser.add_subparsers(dest="corpus", required=True)
    for corpus, make in MAKERS.items():
        summary = (inspect.getdoc(make) or "").partition("\n")[0]
        command = commands.add_parser(
            corpus,
            help=summary,
            description=summary,
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        command.add_argument("folder", help="new folder for the corpus")
        for name, parameter in inspect.signature(make).parameters.items():
            if name in HELP:
                command.add_argument(
                    f"--{name.removeprefix('n_')}",
                    dest=name,
                    type=int,
                    metavar="N",
                    default=parameter.default,
                    help=HELP[name],
                )
    options = vars(parser.parse_args(arguments))
    make, folder = MAKERS[options.pop("corpus")], options.pop("folder")
    try:
        counts = make(folder, **options)
    except (EmoclustError, FileExistsError) as error:
        parser.exit(1, f"{error}\n")
    table = pd.DataFrame.from_dict(counts, orient="index")
    table = table.fillna(0).astype(int).sort_index(axis=1)
    print(f"Synthetic speech in {folder}: {table.to_numpy().sum()} clips")
    print(table.to_string())


if __name__ == "__main__":
    main()
