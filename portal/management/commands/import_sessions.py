"""Import a file of charging sessions from the command line, the same way as the page does."""

import sys
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction  # noqa: TID251  # a dry run undoes what it did
from django.utils import timezone

from charging.domain.errors import ChargingError
from charging.domain.local_time import Fold
from charging.ingest.evidence import Open, Question
from charging.ingest.layout import DateOrder, Field, Layout
from charging.ingest.network import EVERYTHING, Thing
from charging.ingest.previewing import Preview
from charging.ingest.profiles import ready_made
from charging.models import FileImport, ImportProfile
from charging.selectors import imports as seen
from charging.services import imports
from portal.words.say import say, why
from tenants.actor import acting
from tenants.models import Operator
from tenants.scoping import tenant_scope

_ANSWERS = {
    Open.DATE_ORDER: "--date-order",
    Open.TIME_ZONE: "--time-zone",
    Open.DECIMAL_SIGN: "--decimal-sign",
    Open.ENERGY_UNIT: "--energy-unit",
    Open.COLUMN: "--column",
}
_UNANSWERED, _SOME_REJECTED = 3, 2


class Command(BaseCommand):
    """Exit status: 0 all rows are in, 2 some were rejected, 3 a question is open, 1 the import failed."""

    requires_system_checks = []
    help = "Import charging sessions from CSV, XLSX or JSON lines, also compressed with gzip."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--operator", required=True, metavar="SLUG")
        parser.add_argument("--profile", help=f"one of the operator's own, or {', '.join(ready_made())}")
        parser.add_argument("--source", help="name of the feed; with the session id it makes imports repeatable")
        parser.add_argument("--date-order", choices=[str(order) for order in DateOrder])
        parser.add_argument("--time-zone", help="zone of local times, like Europe/Stockholm")
        parser.add_argument("--fold", choices=[str(fold) for fold in Fold], help="meaning of a repeated local time")
        parser.add_argument("--decimal-sign", choices=[".", ","])
        parser.add_argument("--energy-unit", choices=["Wh", "kWh", "MWh"])
        parser.add_argument(
            "--column", action="append", default=[], metavar="FACT=NAME", help=f"a column; FACT is {', '.join(Field)}"
        )
        parser.add_argument("--station", metavar="NAME", help="the station, when the file names none")
        parser.add_argument("--site", metavar="NAME", help="the site, when the file names none")
        parser.add_argument("--no-create", action="store_true", help="reject sessions of unknown stations or cards")
        parser.add_argument("--create-drivers", action="store_true", help="make a driver for each unknown card")
        parser.add_argument("--save-profile", metavar="NAME", help="keep the mapping under this name")
        parser.add_argument("--dry-run", action="store_true", help="do everything, then undo it")

    def handle(self, *args: Any, **options: Any) -> None:
        operator = Operator.objects.filter(slug=options["operator"]).first()
        if operator is None:
            raise CommandError(f"There is no operator “{options['operator']}”.")
        with acting(task="import_sessions"):
            try:
                status = self._dry_run(operator, options) if options["dry_run"] else self._run(operator, options)
            except ChargingError as problem:
                raise CommandError(why(problem)) from problem
            except OSError as problem:
                raise CommandError(f"{options['file']} cannot be read: {problem.strerror}.") from problem
        if status:
            sys.exit(status)

    def _dry_run(self, operator: Operator, options: dict[str, Any]) -> int:
        with tenant_scope(operator.pk):
            status = self._run(operator, options)
            self.stdout.write("Dry run: nothing was kept.")
            transaction.set_rollback(True)
        return status

    def _run(self, operator: Operator, options: dict[str, Any]) -> int:
        layout, profile = self._layout(operator, options)
        with options["file"].open("rb") as content, tenant_scope(operator.pk):
            preview = imports.preview(content, layout, at=timezone.now())
            self._show(preview.layout, preview.confidence)
            self._remark(preview)
            if preview.questions:
                self._ask(preview.questions)
                return _UNANSWERED
            row = self._queue(content, options, preview.layout, profile)
        row = imports.run(operator_id=operator.pk, import_id=row.pk, clock=timezone.now, progress=self._progress)
        if options["dry_run"]:
            row.file.delete(save=False)
        with tenant_scope(operator.pk):
            return self._report(row)

    def _queue(
        self, content: Any, options: dict[str, Any], layout: Layout, profile: ImportProfile | None
    ) -> FileImport:
        if options["save_profile"]:
            profile = imports.save_profile(options["save_profile"], layout=layout)
        content.seek(0)
        row = imports.upload(File(content), name=options["file"].name)
        for earlier in seen.earlier(row)[:1]:
            self.stdout.write(f"This very file was imported before, on {earlier.created_at:%Y-%m-%d %H:%M}.")
        creates = frozenset[Thing]() if options["no_create"] else EVERYTHING
        wanted = imports.Options(creates, create_drivers=options["create_drivers"])
        return imports.start(row, layout, options=wanted, profile=profile)

    def _layout(self, operator: Operator, options: dict[str, Any]) -> tuple[Layout, ImportProfile | None]:
        layout, profile = Layout(columns={}), None
        if options["profile"]:
            with tenant_scope(operator.pk):
                layout, profile = imports.profile_named(options["profile"])
        said = {
            "source": options["source"],
            "date_order": options["date_order"],
            "time_zone": options["time_zone"],
            "fold": options["fold"],
            "decimal_sign": options["decimal_sign"],
            "energy_unit": options["energy_unit"],
            "default_station": options["station"],
            "default_site": options["site"],
        }
        answers: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
        if named := _columns(options["column"]):
            answers |= {"columns": layout.to_json()["columns"] | named, "guess_others": not layout.columns}
        return Layout.from_json({**layout.to_json(), **answers}), profile

    def _show(self, layout: Layout, confidence: dict[Any, float]) -> None:
        self.stdout.write("Columns:")
        for fact, names in layout.columns.items():
            sure = f"{confidence.get(fact, 1):.0%}"
            self.stdout.write(f"  {fact:<18} {' + '.join(names):<40} {sure:>5}")
        for name in ("date_order", "time_zone", "fold", "decimal_sign", "energy_unit", "source"):
            self.stdout.write(f"  {name:<18} {getattr(layout, name) or '?'}")

    def _remark(self, preview: Preview) -> None:
        used = {name for names in preview.layout.columns.values() for name in names}
        unused = [name for name in preview.header if name not in used]
        if unused:
            self.stdout.write(f"  not used           {', '.join(unused)}")
        if not preview.layout.names(Field.TOKEN):
            self.stdout.write("  No column holds the card: nobody will pay for these sessions until somebody says who.")

    def _ask(self, questions: list[Question]) -> None:
        self.stderr.write("The file does not prove everything. Please answer:")
        for question in questions:
            example = f" For example “{question.example}”." if question.example else ""
            choices = " or ".join(question.choices) if question.about != Open.COLUMN else ""
            about = f" ({question.fact})" if question.fact else ""
            said = question.suggestion or choices or "NAME"
            if question.fact:
                said = f'{question.fact}="{said}"' + (" or --station NAME" if question.fact is Field.STATION else "")
            self.stderr.write(f"  {say(question.asks)}{about}{example} {_ANSWERS[question.about]} {said}")

    def _progress(self, row: FileImport, done: float) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"  {done:4.0%}  {row.rows_read:,} rows", ending="\r")

    def _report(self, row: FileImport) -> int:
        if row.state != FileImport.State.DONE:
            raise CommandError(
                say(row.error, row.error_facts) if row.error else f"The import is {row.get_state_display()}."
            )
        self.stdout.write(f"Rows read        {row.rows_read:>12,}")
        self.stdout.write(f"  accepted       {row.accepted:>12,}   {_kwh(row.accepted_wh)}")
        self.stdout.write(f"    for review   {row.flagged:>12,}")
        self.stdout.write(f"  known already  {row.known:>12,}")
        self.stdout.write(f"  rejected       {row.rejected:>12,}   {_kwh(row.rejected_wh)}")
        for reason, rows, energy_wh in seen.reasons(row):
            self.stdout.write(f"    {reason:<22} {rows:>10,}   {_kwh(energy_wh)}   {say(reason)}")
        for flag, sessions in seen.flags(row):
            self.stdout.write(f"  review: {flag:<16} {sessions:>10,}   {say(flag)}")
        created = ", ".join(f"{count:,} {name}" for name, count in row.created.items() if count)
        self.stdout.write(f"Created          {created or 'nothing'}")
        return _SOME_REJECTED if row.rejected else 0


def _columns(said: list[str]) -> dict[str, list[str]]:
    """Return the columns of each fact, in the order in which they were said."""
    columns: dict[str, list[str]] = {}
    for one in said:
        fact, separator, name = one.partition("=")
        if not separator or fact not in set(Field):
            raise CommandError(f"--column {one}: say FACT=NAME, where FACT is one of {', '.join(Field)}.")
        columns.setdefault(fact, []).append(name)
    return columns


def _kwh(energy_wh: int) -> str:
    return f"{energy_wh // 1000:>12,}.{energy_wh % 1000:03} kWh" if energy_wh >= 0 else f"-{_kwh(-energy_wh).strip()}"
