"""The one search: whatever somebody has in front of them, an id, a number, an amount or a name, in one field.

Only what the person may see is asked for, kind by kind, and within the sites in their scope. The page stands without
script; with script it fills a dialog while one types.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from billing.selectors import invoices, payments, settlements, tariff_listing
from charging.models import ChargingSession, Site, Station, Token
from charging.selectors import hits, sessions, words
from charging.selectors.hits import Meant
from portal.gate.access import SignedInRequest, operator_view
from portal.words import measures
from tenants.models import Account, Driver, Operator
from tenants.permissions import Permission

#: So many of each kind are shown; the list of the kind shows the rest.
SHOWN = 6


class SearchForm(forms.Form):
    """What is looked for."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.SearchInput({"autocomplete": "off", "autofocus": True}),
        help_text=_(
            "Part of a session id, how a card's number begins or ends, a name, a payer, a station, a site, a tariff, an"
            " invoice, OCR or amount."
        ),
    )


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: its page, its name, what tells it from others, and what it comes to."""

    url: str
    title: str
    sub: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is looked for: who may see it, the list with all of it (`field` takes the text), how a text finds it."""

    label: str | Promise
    icon: str
    permission: Permission
    list_name: str
    field: str
    find: Callable[[Meant, Operator], Iterator[Hit]]
    always: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The hits of a kind, and the list that shows all of them when there may be more."""

    kind: Kind
    hits: list[Hit]
    more_url: str


@operator_view(Permission.VIEW_OVERVIEW)
def search(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Find what the words mean, of every kind that the person may see."""
    form = SearchForm(request.GET)
    text = form.cleaned_data["q"] if form.is_valid() else ""
    meant = Meant(text)
    groups = [_group(kind, meant, operator) for kind in KINDS if text and request.access.may(kind.permission)]
    context: dict[str, Any] = {"form": form, "text": text, "groups": [group for group in groups if group.hits]}
    return render(request, "staff/search/page.html", {"nav": "search", **context})


def _group(kind: Kind, meant: Meant, operator: Operator) -> Group:
    found = list(kind.find(meant, operator))
    url = f"{reverse(kind.list_name, args=[operator.slug])}?{kind.always}{urlencode({kind.field: meant.text})}"
    return Group(kind, found[:SHOWN], url if len(found) > SHOWN else "")


def _drivers(meant: Meant, operator: Operator) -> Iterator[Hit]:
    for row in hits.drivers(meant, most=SHOWN + 1):
        name = (row.identity.name if row.identity else "") or row.customer_number
        cards = ", ".join(str(token) for token in row.tokens.all())
        yield Hit(_url("driver", operator, row), name, " · ".join(filter(None, [row.customer_number, cards])))


def _accounts(meant: Meant, operator: Operator) -> Iterator[Hit]:
    for row in hits.accounts(meant, most=SHOWN + 1):
        number = row.identity.organisation_number if row.identity else ""
        sub = " · ".join(filter(None, [row.customer_number, str(row.get_kind_display()), number]))
        yield Hit(_url("account", operator, row), row.name, sub)


def _cards(meant: Meant, operator: Operator) -> Iterator[Hit]:
    for row in hits.cards(meant, most=SHOWN + 1):
        who = row.driver.identity if row.driver else None
        name = (who.name if who else "") or str(row.driver or _("nobody yet"))
        yield Hit(_url("token", operator, row), str(row), name, str(_("blocked")) if row.is_blocked else "")


def _stations(meant: Meant, operator: Operator) -> Iterator[Hit]:
    rows = Station.objects.filter(words.of_station(meant.text), merged_into=None).select_related("site")
    rows = rows.order_by("identifier", "pk")
    for row in rows[: SHOWN + 1]:
        yield Hit(_url("station", operator, row), str(row), f"{row.identifier} · {row.site}")


def _sites(meant: Meant, operator: Operator) -> Iterator[Hit]:
    for row in Site.objects.filter(words.of_site(meant.text)).order_by("name", "pk")[: SHOWN + 1]:
        yield Hit(_url("site", operator, row), row.name, ", ".join(filter(None, [row.street, row.city])))


def _sessions(meant: Meant, operator: Operator) -> Iterator[Hit]:
    for row in sessions.shown(hits.sessions(meant, most=SHOWN + 1)):
        when = measures.local_time(row.started_at, operator.zone)
        yield Hit(_url("session", operator, row), row.external_id, f"{when} · {row.site}", measures.kwh(row.energy_wh))


def _invoices(meant: Meant, operator: Operator) -> Iterator[Hit]:
    for row in invoices.hits(meant, most=SHOWN + 1):
        url = reverse("finance:invoice_detail", args=[operator.slug, row.public_id])
        sub = " · ".join([row.buyer.name or row.customer, measures.month(row.month)])
        yield Hit(
            url, f"{row.get_kind_display().capitalize()} {row}", sub, measures.money(row.amount_due, row.currency)
        )


def _payments(meant: Meant, operator: Operator) -> Iterator[Hit]:
    for row in payments.hits(meant.text, most=SHOWN + 1):
        url = reverse("finance:payment_detail", args=[operator.slug, row.public_id])
        yield Hit(
            url,
            row.payer_name or str(_("Payment")),
            measures.local_date(row.paid_on),
            measures.coins(row.amount, row.currency),
        )


def _tariffs(meant: Meant, operator: Operator) -> Iterator[Hit]:
    for row in tariff_listing.listing(meant.text)[: SHOWN + 1]:
        url = reverse("finance:tariff_detail", args=[operator.slug, row.public_id])
        yield Hit(url, row.name, str(_("archived")) if row.is_archived else "")


def _hosts(meant: Meant, operator: Operator) -> Iterator[Hit]:
    for row in settlements.contracts(meant.text).order_by("-since", "-pk")[: SHOWN + 1]:
        yield Hit(reverse("finance:host_detail", args=[operator.slug, row.public_id]), row.name, row.account.name)


def _url(kind: str, operator: Operator, row: Account | Driver | Token | Station | Site | ChargingSession) -> str:
    return reverse(f"staff:{kind}_detail", args=[operator.slug, row.public_id])


KINDS = (
    Kind(_("Sessions"), "sessions", Permission.VIEW_SESSIONS, "staff:session_list", "q", _sessions, "period=all&"),
    Kind(_("Drivers"), "drivers", Permission.VIEW_DRIVERS, "staff:driver_list", "q", _drivers),
    Kind(_("Payers"), "accounts", Permission.VIEW_DRIVERS, "staff:account_list", "q", _accounts),
    Kind(_("Cards"), "cards", Permission.VIEW_DRIVERS, "staff:token_list", "q", _cards),
    Kind(_("Invoices"), "invoices", Permission.VIEW_INVOICES, "finance:invoice_list", "search", _invoices),
    Kind(_("Payments"), "check", Permission.VIEW_INVOICES, "finance:payment_list", "search", _payments),
    Kind(_("Tariffs"), "tariffs", Permission.VIEW_TARIFFS, "finance:tariff_list", "q", _tariffs),
    Kind(_("Site hosts"), "sites", Permission.VIEW_INVOICES, "finance:host_list", "search", _hosts, "ended=on&"),
    Kind(_("Stations"), "station", Permission.VIEW_NETWORK, "staff:station_list", "q", _stations),
    Kind(_("Sites"), "sites", Permission.VIEW_NETWORK, "staff:site_list", "q", _sites),
)
