"""Options of commands, whose help stands in a table."""

SHARED = {
    "model": "folder inference of a run of train_ser.py",
    "device": "cpu (default), cuda, cuda:1, ...",
    "trust": "load a model whose YAML may run any code: only where you know "
    "who made it",
}


def adder(parser, helps):
    """Return what adds an option: its name, METAVAR and more of argparse's.

    ``helps`` says what each is for, if it is another thing than elsewhere.
    """
    helps = SHARED | helps

    def add(name, metavar=None, **more):
        more |= {"metavar": metavar} if metavar else {}
        parser.add_argument(name, help=helps.get(name.strip("-")), **more)

    return add
