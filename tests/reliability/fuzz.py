"""Fuzzing that looks at what an input reaches: ``make fuzz``.

atheris watches the lines of ``data_prep`` that an input runs through, and
changes those inputs further that found new ones. The inputs and what must hold of them are
those of ``test_fuzz.py``; an input for which it does not hold ends the run with
its traceback.
"""

import importlib
import sys

TARGETS = ("manifest_reader", "label_lines", "label_files")


def main(target, *options):
    """Fuzz until an input fails, or as long as libFuzzer's options say."""
    import atheris
    from hypothesis import HealthCheck, settings

    with atheris.instrument_imports(include=["data_prep"]):
        tests = importlib.import_module("test_fuzz")
    holds = settings(
        database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )(getattr(tests, target))
    atheris.Setup([sys.argv[0], *options], holds.hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"give one of {', '.join(TARGETS)}, then libFuzzer's options")
    main(*sys.argv[1:])
