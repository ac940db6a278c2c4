"""The command line: parse, call the library, print. One file per group of commands.

Every command imports the library inside its body: a cold `openqa --help` loads none of it, and `openqa ask` only what
it needs. Data goes to standard output, progress and notes to standard error. Exit 0 done, 1 an OpenQAError (its
message only), 2 wrong usage.
"""

import io
import os
import sys


def main() -> None:
    """Runs the command that the process was started with, and exits."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before numpy: waiting threads must not keep a core busy
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # whatever the locale: answers are in every script
    from openqa.cli.app import app

    app(args=sys.argv[1:], prog_name="openqa")
