"""The ``fhir-hr`` command: options in, exit code out, and never a traceback for its user."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from fhir_hr._version import __version__
from fhir_hr.cli.console import choose_language, complain, prepare_streams, told
from fhir_hr.cli.exits import Exit
from fhir_hr.errors import DataFileError, FhirHrError, InvariantError, StoreError, UsageError

__all__ = ["main"]

_LANGUAGES = ("zh", "en")
_COMMANDS = ("convert", "imaging", "recognise", "validate", "demo", "rules", "conformance")
_EPILOG = """exit codes:
  0  done
  1  done, but something was rejected or an error was found
  2  called wrongly, or a file that was given cannot be used
  3  a source of priors could not be asked fully: the answer may be incomplete
  4  a mapping table, sender profile or rule pack is broken
  5  the store or an output file could not be written
 70  a bug in the library: nothing wrong is written
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    prepare_streams()
    parser = _parser(sys.argv[1:] if argv is None else argv)
    try:
        options = parser.parse_args(argv)
    except SystemExit as stop:  # argparse has said why; an exit code is all that is left
        return stop.code if isinstance(stop.code, int) else Exit.USAGE
    try:
        return int(options.run(options))
    except BrokenPipeError:
        # The reader of our output went away (``| head``); nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OUTPUT
    except KeyboardInterrupt:
        complain("stopped")
        return Exit.INTERRUPTED
    except (FhirHrError, OSError) as error:
        if options.debug:
            raise
        complain(_words(error, options.lang))
        return _code(error)
    except Exception as error:
        if options.debug:
            raise
        # Only the kind of error: its text may quote what was read.
        complain(f"a bug in the library ({type(error).__name__}); --debug shows where, and may show patient data")
        return Exit.BUG


def _words(error: Exception, lang: str | None) -> str:
    if isinstance(error, DataFileError):
        return told(error, choose_language(lang))
    if isinstance(error, OSError):
        return f"a file could not be read or written: {error.strerror or type(error).__name__}"
    return str(error)


def _code(error: Exception) -> Exit:
    match error:
        case UsageError():
            return Exit.USAGE
        case DataFileError():
            return Exit.DATA
        case StoreError() | OSError():
            return Exit.OUTPUT
        case InvariantError():
            return Exit.BUG
        case _:
            return Exit.USAGE


def _parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    # Only the command that is called is loaded: the pack tool and the kit would double what the others take to start.
    called = next((word for word in words if not word.startswith("-") and word not in _LANGUAGES), None)
    modules = [import_module(f"fhir_hr.cli.{name}") for name in ((called,) if called in _COMMANDS else _COMMANDS)]
    parser = argparse.ArgumentParser(
        prog="fhir-hr",
        description="检查检验结果互认 · mutual recognition of test results: convert, keep, decide.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fhir-hr {__version__}")
    parser.add_argument("--lang", choices=_LANGUAGES, help="language of tables (default: Chinese where possible)")
    parser.add_argument("--debug", action="store_true", help="show tracebacks; they may hold patient data")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in modules:
        module.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
