"""Work in the background that was set aside after too many tries: why, and trying it again.

Each kind of work names the permission it takes to have it tried again; nobody sees the kinds of others.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, operator_view
from portal.words.work import work_word
from tenants import roles, work
from tenants.models import Operator
from tenants.models.work import Work
from tenants.permissions import Access, Permission
from tenants.work import Kind

SHOWN = 100


@dataclass(frozen=True, slots=True)
class SetAside:
    """The set-aside rows of one kind: the newest, and how many there are."""

    kind: Kind
    rows: list[Any]
    count: int

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.rows)


@operator_view(Permission.VIEW_OVERVIEW)
def work_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what was set aside, a panel for each kind of work that the person answers for."""
    asked = kinds_of(request.access)
    counts = work.set_aside(asked)
    groups = [_set_aside(kind, counts[kind.name]) for kind in asked if kind.name in counts]
    return render(request, "staff/work/list.html", {"nav": "overview", "groups": groups})


@operator_view(Permission.VIEW_OVERVIEW)
@require_POST
def work_again(request: SignedInRequest, operator: Operator, work_kind: str) -> HttpResponse:
    """Have one row, or all that were set aside of a kind, tried again."""
    rows: list[Work] = []
    for kind in kinds_of(request.access):
        if kind.name == work_kind:
            rows = list(_chosen(kind, request.POST.get("row", "")))
    tried = sum(work.try_again(row, at=timezone.now()) for row in rows)
    if tried:
        text = ngettext("%(count)s piece of work is tried again.", "%(count)s pieces of work are tried again.", tried)
        messages.success(request, text % {"count": tried})
    else:
        messages.info(request, gettext("Nothing of this is set aside any more."))
    return redirect("staff:work_list", operator.slug)


def kinds_of(access: Access) -> list[Kind]:
    """The kinds of work whose permission the person holds everywhere, by their names."""
    own = [kind for kind in work.kinds() if kind.is_owned and kind.permission and _answers(access, kind.permission)]
    return sorted(own, key=lambda kind: work_word(kind.name))


def count_set_aside(access: Access) -> int:
    """How much of their work is set aside."""
    return sum(work.set_aside(kinds_of(access)).values())


def _answers(access: Access, permission: Permission) -> bool:
    return access.may(permission) and roles.holds_everywhere(access, permission)


def _rows(kind: Kind) -> "QuerySet[Any]":
    return kind.rows().filter(state=Work.State.SET_ASIDE)


def _chosen(kind: Kind, row: str) -> "QuerySet[Any]":
    """The row that was chosen by its number, or all of the kind."""
    rows = _rows(kind).order_by("pk")
    if not row:
        return rows
    return rows.filter(pk=row) if row.isascii() and row.isdecimal() and len(row) < 19 else rows.none()


def _set_aside(kind: Kind, count: int) -> SetAside:
    return SetAside(kind, list(_rows(kind).order_by("-pk")[:SHOWN]), count)
