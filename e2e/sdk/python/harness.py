"""Runs checks, tells of each, and ends with how many passed."""

import sys

BASE = sys.argv[1]
# The caller's key in ../gateway.yaml.
KEY = "tester-key"

_checks = []


def check(f):
    """Marks a function as a check."""
    _checks.append((f.__name__, f))
    return f


def add(name, f):
    """Adds a check that has no function of its own."""
    _checks.append((name, f))


def run(title):
    failed = 0
    for name, f in _checks:
        try:
            said = f()
            print(f"ok   {name}" + (f": {said!r}" if said else ""))
        except Exception as error:  # each check is told of, whatever went wrong
            failed += 1
            print(f"FAIL {name}: {type(error).__name__}: {error}")
    print(f"{title}: {len(_checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
