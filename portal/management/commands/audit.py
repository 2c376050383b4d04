"""Seal, check and export the audit log: `bin/manage audit seal|verify|export`."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.gate.events import Event
from tenants.actor import acting
from tenants.log import audit, checking, export, sealing
from tenants.models import Operator
from tenants.scoping import tenant_scope

WORDS = {
    "changed": "entry {entry} was changed",
    "removed": "entry {entry} was removed",
    "inserted": "entry {entry} was inserted",
}


class Command(BaseCommand):
    """Exit status of verify: 0 every chain is intact, 1 one is broken."""

    help = "Seal the audit log now, check it against its seals, or export both for a check elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        seal = acts.add_parser("seal", help="seal what was added since the last seal")
        seal.add_argument("--operator", metavar="SLUG", help="one operator; all without it")
        verify = acts.add_parser("verify", help="check the whole chain, naming the first entry that differs")
        verify.add_argument("--operator", metavar="SLUG", help="one operator; all without it")
        verify.add_argument("--head", default="", metavar="HASH", help="a head noted earlier that must still be there")
        accept = acts.add_parser(
            "accept-restore", help="go on with a chain that lacks its newest seals: it was restored"
        )
        accept.add_argument("--operator", metavar="SLUG", required=True)
        accept.add_argument("--reason", required=True, help="it stands in the audit log")
        export = acts.add_parser("export", help="write seals and entries for bin/verify-seals")
        export.add_argument("--operator", metavar="SLUG", required=True)
        export.add_argument("file", type=Path, help="- for standard output")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        with acting(task=f"audit {act}"):
            getattr(self, f"_{act.replace('-', '_')}")(**options)

    def _seal(self, *, operator: str | None, **_: Any) -> None:
        broken = []
        for each in _operators(operator):
            try:
                done = sealing.seal_all(each.pk, at=timezone.now())
                self.stdout.write(f"{each.slug}: {done} entries sealed")
            except sealing.ChainBroken as fault:
                broken.append(each.slug)
                self.stdout.write(f"{each.slug}: NOT SEALED: {fault}")
        if broken:
            raise CommandError(
                f"The chain of {', '.join(broken)} is not as it was left. See docs/runbooks/audit-log.md."
            )

    def _accept_restore(self, *, operator: str, reason: str, **_: Any) -> None:
        (found,) = _operators(operator)
        with tenant_scope(found.pk):
            try:
                head = sealing.accept_restore(reason=reason, at=timezone.now())
            except sealing.ChainBroken as fault:
                raise CommandError(f"This cannot be accepted. {fault}") from fault
        self.stdout.write(f"{found.slug}: goes on after seal {head.number} {head.hash}")

    def _verify(self, *, operator: str | None, head: str, **_: Any) -> None:
        if head and not operator:
            raise CommandError("--head belongs to one chain: name its --operator.")
        broken = [each.slug for each in _operators(operator) if not self._is_intact(each, head)]
        if broken:
            raise CommandError(f"The audit log of {', '.join(broken)} is not as it was sealed.")

    def _is_intact(self, operator: Operator, head: str) -> bool:
        with tenant_scope(operator.pk):
            report = checking.check_chain(noted_heads={*checking.noted_heads(), *([head] if head else [])})
        counts = f"{report.seals} seals, {report.entries} entries, {report.unsealed} not sealed yet"
        if report.finding is None:
            self.stdout.write(f"{operator.slug}: intact; {counts}; head {report.head}")
            return True
        found = report.finding
        what = WORDS.get(found.kind, "").format(entry=found.entry_id) if found.entry_id else found.detail
        self.stdout.write(f"{operator.slug}: BROKEN at seal {found.seal}: {what}; before it {counts}")
        return False

    def _export(self, *, operator: str, file: Path, **_: Any) -> None:
        (found,) = _operators(operator)
        with tenant_scope(found.pk):
            audit.record(Event.AUDIT_SEALS_EXPORTED, by="command")
            if str(file) == "-":
                sys.stdout.writelines(f"{line}\n" for line in export.export_lines())
                return
            try:
                with file.open("x", encoding="utf-8", newline="\n") as to:
                    to.writelines(f"{line}\n" for line in export.export_lines())
            except OSError as error:
                raise CommandError(f"{file} cannot be written: {error.strerror}.") from error


def _operators(slug: str | None) -> list[Operator]:
    found = Operator.objects.order_by("slug")
    if slug is None:
        return list(found)
    named = list(found.filter(slug=slug))
    if not named:
        raise CommandError(f"There is no operator “{slug}”.")
    return named
