"""`bin/manage price`: what a charging session costs, and why. Needs neither a database nor a running service.

    bin/manage price --json [FILE] [--time-zone ZONE]
        JSON lines in, priced JSON lines out, in the same order; see `billing.domain.cdr.lines`.
    bin/manage price --tariff T.json --cdr C.json --time-zone ZONE [--language sv]
        The price of one charge detail record, explained for a person.

Sentences are in the language asked for. The exit status is 1 if something could not be priced.
"""

import argparse
import gc
import sys
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from billing.domain.cdr.decoded import decode
from billing.domain.cdr.lines import price_line, price_lines
from billing.domain.errors import BillingError
from portal.words.explained import sentences
from portal.words.say import say, why

PRICED: Final = 0
NOT_PRICED: Final = 1


class Command(BaseCommand):
    """Price what stands in the files or comes by standard input."""

    help = "Price charge detail records: JSON lines in and out, or one record explained."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        status = run(argparse.Namespace(**options), sys.stdin.buffer, sys.stdout.buffer, sys.stderr)
        if status:
            sys.exit(status)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command, for whoever parses them."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="JSON lines to price; standard input if absent")
    parser.add_argument("--json", action="store_true", dest="as_json", help="read and write JSON lines")
    parser.add_argument("--tariff", metavar="FILE", help="a tariff object, or a list of them, to explain a CDR by")
    parser.add_argument("--cdr", metavar="FILE", help="the charge detail record to explain")
    parser.add_argument(
        "--time-zone", default="", metavar="ZONE", help="IANA zone of the location, where the data does not say it"
    )
    parser.add_argument("--language", default="en", help="of all sentences: en or sv")


def run(options: argparse.Namespace, source: BinaryIO, target: BinaryIO, errors: TextIO) -> int:
    """Do what the arguments say. `source` is read if no file is named. Returns the exit status."""
    try:
        with translation.override(_language(options.language)):
            if options.as_json:
                return price_stream(options, source, target)
            if options.tariff and options.cdr:
                return explain(options, target, errors)
    except OSError as problem:
        errors.write(f"{problem.filename}: {problem.strerror}.\n")
        return NOT_PRICED
    errors.write("Give --json [FILE], or --tariff FILE and --cdr FILE.\n")
    return NOT_PRICED


def _language(wanted: str) -> str:
    """The language of this name; English for one that is not spoken here."""
    code = wanted.partition("-")[0].lower()
    return code if code in dict(settings.LANGUAGES) else "en"


def price_stream(options: argparse.Namespace, source: BinaryIO, target: BinaryIO) -> int:
    """Price JSON lines as they come, some thousands at a time."""
    if options.file is None:
        return _price_lines(source, options.time_zone, target)
    with Path(options.file).open("rb") as lines:
        return _price_lines(lines, options.time_zone, target)


def _price_lines(source: BinaryIO, zone: str, target: BinaryIO) -> int:
    failed = 0
    gc.disable()  # many small values without cycles, and no more of them at a time than a chunk has
    try:
        for lines, errors in price_lines(source, zone=zone, say=say):
            failed += errors
            target.writelines(lines)
    finally:
        gc.enable()
    target.flush()
    return NOT_PRICED if failed else PRICED


def explain(options: argparse.Namespace, target: BinaryIO, errors: TextIO) -> int:
    """Explain the price of one CDR in words."""
    cdr, tariff = Path(options.cdr).read_bytes(), Path(options.tariff).read_bytes()
    try:
        line = decode(b'{"cdr":' + cdr + b',"tariffs":' + tariff + b"}")
        price, zone = price_line(line, options.time_zone)
    except BillingError as problem:
        errors.write(f"{why(problem)}\n")
        return NOT_PRICED
    told = [*sentences(price, zone), *(say(name) for name in price.flags)]
    target.write("".join(f"{sentence}\n" for sentence in told).encode())
    target.flush()
    return PRICED
