"""Cards and app tokens: the list with those nobody has first, one card, giving it to a driver, blocking it."""

from datetime import date, datetime, time, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_POST

from billing.selectors import session_ledger
from billing.services import card_moves, partner_cards
from billing.services.card_moves import Moved
from charging.domain.errors import Code
from charging.domain.ocpp import commands
from charging.models import Token
from charging.selectors import account_members, sessions, station_commands, tokens
from charging.selectors.sessions import Criteria
from charging.selectors.station_commands import Forgetting
from charging.services import tokens as services
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import attempted, told
from portal.web.staff.driver_choice import DriverField
from portal.web.staff.merging import MergeForm
from portal.web.staff.sessions.columns import SESSIONS
from portal.web.tables import Column, Table
from portal.words.say import say
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import Account, Driver, Operator
from tenants.permissions import Permission
from tenants.selectors import accounts

SESSIONS_SHOWN = 10
CONDITIONS = [
    ("", gettext_lazy("All cards")),
    (tokens.UNASSIGNED, gettext_lazy("without a driver")),
    (tokens.ASSIGNED, gettext_lazy("with a driver")),
    (tokens.BLOCKED, gettext_lazy("blocked")),
    (tokens.PARTNERS, gettext_lazy("of partners")),
    (tokens.UNSETTLED, gettext_lazy("of partners, with a UID that another card has")),
]


#: Those without a driver stand first until somebody sorts by something else.
CARDS = Table(
    "cards",
    (
        Column("card", gettext_lazy("Card"), opened=lambda row: row.visual_number or row.uid, is_fixed=True),
        Column("kind", gettext_lazy("Kind"), by="kind", css="rest"),
        Column("driver", gettext_lazy("Driver"), by=Coalesce("driver__customer_number", Value(""))),
        Column("issuer", gettext_lazy("Issuer"), by=Coalesce("issuer__customer_number", Value("")), is_optional=True),
        Column("condition", gettext_lazy("Condition")),
        Column("added", gettext_lazy("Added"), by="created_at"),
    ),
    order="",
)


class TokenFilter(forms.Form):
    """What the list of cards is narrowed to."""

    q = forms.CharField(
        label=gettext_lazy("UID, printed number or customer number"),
        required=False,
        max_length=64,
        widget=forms.SearchInput,
    )
    condition = forms.ChoiceField(label=gettext_lazy("Condition"), required=False, choices=CONDITIONS)


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class GiveForm(forms.Form):
    """Whose card it was, from when to when. Days are by the operator's clock, and `until` is the last of them."""

    driver = DriverField(required=False, help_text=gettext_lazy("Customer number or name. Empty: nobody has it."))
    since = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=_day(),
        help_text=gettext_lazy("The first day. Empty: from the first session with the card."),
    )
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=_day(),
        help_text=gettext_lazy("The last day. Empty: until further notice."),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def said(self) -> dict[str, Any]:
        """Whose, and the two instants. The form is valid."""
        data = self.cleaned_data
        after = data["until"] + timedelta(days=1) if data["until"] else None
        return {"driver": data["driver"], "since": self._midnight(data["since"]), "until": self._midnight(after)}

    def _midnight(self, day: date | None) -> datetime | None:
        return datetime.combine(day, time(), self.zone) if day else None


class IssuerFields(forms.Form):
    """Who has issued a card, and what a partner wants of it. Without partners there is nothing to say."""

    issuer = forms.ModelChoiceField(
        label=gettext_lazy("Issuer"),
        queryset=Account.objects.none(),
        required=False,
        help_text=gettext_lazy("A partner's card is paid for by the partner, and no driver has it."),
    )
    whitelist = forms.ChoiceField(
        label=gettext_lazy("Ask the partner before a charge"),
        required=False,
        choices=[("", "–"), *Token.Whitelist.choices],
        help_text=gettext_lazy("Of a partner's card alone."),
    )
    valid = forms.BooleanField(label=gettext_lazy("Valid, as the partner has told us"), required=False, initial=True)

    def __init__(self, *args: Any, may_say: bool, of: Token | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        partners = accounts.partners()
        if of is not None and of.issuer_id is not None:  # also one that is a partner no more
            partners = partners | Account.objects.filter(pk=of.issuer_id)
        issuer = cast("forms.ModelChoiceField[Account]", self.fields["issuer"])
        issuer.queryset, issuer.empty_label = partners, pgettext("issuer of a card", "You")
        issuer.label_from_instance = _called  # type: ignore[assignment,method-assign]
        if not may_say or not partners.exists():
            for name in IssuerFields.base_fields:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("issuer") and not data.get("whitelist"):
            self.add_error("whitelist", say(Code.PARTNER_NEEDS_WHITELIST))
        if not data.get("issuer"):
            data.update({"whitelist": "", "valid": True} if "issuer" in self.fields else {})
        if "valid" in data:
            data["is_valid"] = data.pop("valid")
        return data


class TokenForm(IssuerFields, forms.ModelForm):  # type: ignore[type-arg]
    """A new card. Whether its UID is free is the service's to say."""

    driver = DriverField(
        required=False,
        help_text=gettext_lazy("Customer number or name: whose card it is. It can be given to a driver later too."),
    )

    class Meta:
        model = Token
        fields = ("kind", "uid", "visual_number")
        help_texts = {
            "uid": gettext_lazy("As the reader reports it, such as 04A2B9C1D2E380."),
            "visual_number": gettext_lazy("What is printed on the card, if anything."),
        }

    def clean_uid(self) -> str:
        return "".join(str(self.cleaned_data["uid"]).split()).upper()


@operator_view(Permission.VIEW_DRIVERS)
def token_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the cards, those without a driver first unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters = TokenFilter(request.GET)
    rows = _listed(filters)
    shown = tables.shown(CARDS, request).within(rows)
    context = {"nav": "tokens", "filters": filters, "shown": shown, "page": shown.page(rows, request)}
    return render(request, "staff/tokens/list.html", context)


@operator_view(Permission.VIEW_DRIVERS, step_up=True, takes_out=True)
def token_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed cards as a file. It says whose they are by number: names are the drivers' download."""
    filters = TokenFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(CARDS, request),
        _listed(filters),
        filters=filters,
        columns=[
            FileColumn(_("Card"), str),
            FileColumn(_("Printed number"), lambda row: row.visual_number),
            FileColumn(_("Kind"), lambda row: str(row.get_kind_display())),
            FileColumn(_("Customer number"), lambda row: str(row.driver) if row.driver else None),
            FileColumn(_("Issuer"), lambda row: str(row.issuer) if row.issuer else None),
            FileColumn(_("Blocked"), lambda row: row.is_blocked),
            FileColumn(_("Added"), lambda row: row.created_at.astimezone(operator.zone).date()),
        ],
        back=reverse("staff:token_list", args=[operator.slug]),
    )


def _listed(filters: TokenFilter) -> QuerySet[Token]:
    search = filters.cleaned_data if filters.is_valid() else {}
    return tokens.listing(search.get("q", ""), condition=search.get("condition", ""))


@operator_view(Permission.VIEW_DRIVERS)
def token_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show a card, whose it is, and what was charged with it."""
    return _page(request, operator, _token(public_id))


@operator_view(Permission.VIEW_DRIVERS)
@require_POST
def token_show(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show the whole UID of a card this one time; whose it is can read who had it shown."""
    token = _token(public_id)
    audit.record(Event.CARD_SHOWN, about=token.driver or token, card=token.log_name)
    return _page(request, operator, token, is_whole=True)


@operator_view(Permission.MANAGE_DRIVERS)
def token_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a card."""
    form = TokenForm(request.POST or None, may_say=_may_issue(request))
    if form.is_valid() and (token := attempted(form, services.create, **form.cleaned_data)):
        messages.success(request, _("Card %(card)s was added.") % {"card": token})
        return redirect("staff:token_detail", operator.slug, token.public_id)
    return render(request, "staff/tokens/form.html", {"nav": "tokens", "form": form, "crumbs": _crumbs(operator)})


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def token_assign(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say whose card it was from when to when; sessions on no invoice follow it."""
    token, form = _token(public_id), GiveForm(request.POST, zone=operator.zone)
    if not form.is_valid():
        return _page(request, operator, token, form)
    moved = attempted(form, card_moves.give, token, **form.said())
    if moved is None:
        return _page(request, operator, token, form)
    messages.success(request, _given(form.cleaned_data["driver"], moved))
    return redirect("staff:token_detail", operator.slug, token.public_id)


def _given(driver: Driver | None, moved: Moved) -> str:
    whose = _("The card is driver %(number)s's for that time.") % {"number": driver}
    parts = [whose if driver else _("Nobody has the card for that time.")]
    if moved.sessions:
        follow = ngettext("%(count)s session follows it.", "%(count)s sessions follow it.", moved.sessions)
        parts.append(follow % {"count": moved.sessions})
    if moved.billed:
        stay = ngettext(
            "%(count)s session stands on an invoice and stays. Credit it first, then give the card again.",
            "%(count)s sessions stand on invoices and stay. Credit those first, then give the card again.",
            moved.billed,
        )
        parts.append(stay % {"count": moved.billed})
    return " ".join(parts)


@operator_view(Permission.MANAGE_ACCOUNTS)
@require_POST
def token_issue(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say who has issued the card; sessions on no invoice are paid for by that partner."""
    token = _token(public_id)
    form = IssuerFields(request.POST, may_say=True, of=token)
    if form.is_valid() and (moved := attempted(form, partner_cards.issue, token, **form.cleaned_data)) is not None:
        parts = [_("Saved.")]
        if moved.sessions:
            follow = ngettext("%(count)s session follows it.", "%(count)s sessions follow it.", moved.sessions)
            parts.append(follow % {"count": moved.sessions})
        messages.success(request, " ".join(parts))
        return redirect("staff:token_detail", operator.slug, token.public_id)
    return _page(request, operator, _token(public_id), issuer_form=form)


@operator_view(Permission.MANAGE_ACCOUNTS)
@require_POST
def token_settle(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say that of several cards with one UID this one is meant."""
    told(request, _("This card is meant from now on."), services.settle, _token(public_id))
    return redirect("staff:token_detail", operator.slug, public_id)


@operator_view(Permission.MANAGE_ACCOUNTS)
@require_POST
def token_leave(request: SignedInRequest, operator: Operator, public_id: UUID, partner_id: UUID) -> HttpResponse:
    """Remove a card that is nobody's, so that the partner's of the same UID is meant."""
    token, left_to = _token(public_id), _token(partner_id)
    partner = left_to.issuer.name if left_to.issuer else ""
    done = _("From now on %(partner)s's card with this UID is meant. Yours is gone.") % {"partner": partner}
    gone = told(request, done, partner_cards.remove, token, left_to=left_to)
    return redirect("staff:token_detail", operator.slug, partner_id if gone else public_id)


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def token_remove(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Remove a card that nobody ever had or charged with.

    Where partners have a card of its UID, theirs is meant and they pay from then on: that is for who says who pays.
    """
    token = _token(public_id)
    if tokens.namesakes(token).exists() and not _may_issue(request):
        raise PermissionDenied
    done = _("Card %(card)s was removed.") % {"card": token}
    if told(request, done, partner_cards.remove, token):
        return redirect("staff:token_list", operator.slug)
    return redirect("staff:token_detail", operator.slug, public_id)


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def token_block(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Block a card: a lost one, for example."""
    told(request, _("The card is blocked."), services.block, _token(public_id), at=_now())
    return redirect("staff:token_detail", operator.slug, public_id)


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def token_unblock(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Let a blocked card be used again."""
    told(request, _("The card can be used again."), services.unblock, _token(public_id), at=timezone.now())
    return redirect("staff:token_detail", operator.slug, public_id)


def _page(
    request: SignedInRequest,
    operator: Operator,
    token: Token,
    form: GiveForm | None = None,
    *,
    is_whole: bool = False,
    issuer_form: IssuerFields | None = None,
) -> HttpResponse:
    used = sessions.listing(Criteria(token=token))
    latest = sessions.shown(used).order_by("-started_at", "-pk")[:SESSIONS_SHOWN]
    unpaid = used.filter(driver__isnull=True).aggregate(count=Count("pk"), first=Min("started_at"))
    context = {
        "nav": "tokens",
        "token": token,
        "is_whole": is_whole,
        "shown": SESSIONS.part("started", "station", "duration", "energy", "amount", "billing"),
        "form": form or GiveForm(zone=operator.zone, initial={"since": _first_day(token, unpaid["first"], operator)}),
        "holders": tokens.holders_of(token),
        "issuer_form": issuer_form or IssuerFields(initial=_issued(token), may_say=_may_issue(request), of=token),
        "namesakes": [] if token.merged_into_id else list(tokens.namesakes(token)[:SESSIONS_SHOWN]),
        "may_go": partner_cards.may_go(token),
        "payers": account_members.of_member(token),
        "entries": session_ledger.entries(latest) if request.access.may(Permission.VIEW_SESSIONS) else [],
        "without_payer": unpaid["count"],
        "forgetting": _forgetting(token),
        "merged": list(token.merged.order_by("pk")),
        "merge_form": MergeForm(of=Token),
        "now": _now(),
        "crumbs": _crumbs(operator),
    }
    return render(request, "staff/tokens/detail.html", context)


def _may_issue(request: SignedInRequest) -> bool:
    """Whether they may say that a partner pays."""
    return request.access.may(Permission.MANAGE_ACCOUNTS)


def _issued(token: Token) -> dict[str, Any]:
    return {"issuer": token.issuer_id, "whitelist": token.whitelist, "valid": token.is_valid}


def _called(account: Account) -> str:
    return f"{account.name} ({account.customer_number})"


def _forgetting(token: Token) -> Forgetting | None:
    """Where a card that was blocked lately is dead; None of one that is not, or long ago."""
    is_fresh = token.is_blocked and token.blocked_at is not None and _now() - token.blocked_at < commands.FORGETTING
    return station_commands.forgetting(token.blocked_at) if is_fresh and token.blocked_at else None


def _first_day(token: Token, first: datetime | None, operator: Operator) -> date | None:
    """The day proposed: today for a card that somebody has, else that of the first session nobody pays for."""
    at = _now() if token.driver_id else first
    return at.astimezone(operator.zone).date() if at else None


def _token(public_id: UUID) -> Token:
    return get_object_or_404(
        Token.objects.select_related("driver__identity", "merged_into", "issuer__identity"), public_id=public_id
    )


def _crumbs(operator: Operator) -> list[tuple[str, str]]:
    return [(_("Cards"), reverse("staff:token_list", args=[operator.slug]))]


def _now() -> datetime:
    return timezone.now()
