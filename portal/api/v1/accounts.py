"""`accounts`: the payers who are no private persons, for accounting programs, newest first."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api import paging
from portal.api.access import OperatorResource
from tenants.models import Account
from tenants.permissions import Permission
from tenants.selectors import accounts

OTHERS = [(value, label) for value, label in Account.Kind.choices if value != Account.Kind.PRIVATE]
#: What is said of the identity, as it is named there.
PARTICULARS = (
    *("name", "organisation_number", "vat_number", "gln", "email", "street", "postal_code", "city", "country"),
    *("buyer_reference", "order_number"),
)
#: What is said of one who buys to resell; nothing of others.
DEALER = ("dealer_since", "dealer_until", "dealer_in", "dealer_evidence")


class AccountQuery(paging.PageQuery):
    """Which payers."""

    kind = serializers.ChoiceField(choices=OTHERS, required=False, help_text=_("Only payers of this kind."))


class AccountFacts(serializers.Serializer[Any]):
    """A payer as its next invoice would name it."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=OTHERS)
    customer_number = serializers.CharField()
    name = serializers.CharField()
    organisation_number = serializers.CharField(help_text=_("Written plainly; empty if it is not known."))
    vat_number = serializers.CharField()
    gln = serializers.CharField(help_text="EN 16931 BT-49, scheme 0088.")
    email = serializers.CharField()
    street = serializers.CharField()
    postal_code = serializers.CharField()
    city = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166, two letters.")
    buyer_reference = serializers.CharField(help_text="EN 16931 BT-10.")
    order_number = serializers.CharField(help_text="EN 16931 BT-13.")
    delivery = serializers.ChoiceField(choices=Account.Delivery.choices)
    days_to_pay = serializers.IntegerField()
    least_amount = serializers.DecimalField(max_digits=8, decimal_places=2)
    dealer_since = serializers.DateField(
        allow_null=True, help_text=_("From this day it buys to resell, and is taxed where it is established.")
    )
    dealer_until = serializers.DateField(allow_null=True, help_text=_("The last such day; none yet if it is null."))
    dealer_in = serializers.CharField(help_text=_("Where a dealer is established: ISO 3166, two letters."))
    dealer_evidence = serializers.CharField(help_text=_("What shows that it resells."))
    is_active = serializers.BooleanField()


class AccountPage(serializers.Serializer[Any]):
    """Some payers, and where the next ones are."""

    results = AccountFacts(many=True)
    next = serializers.CharField(allow_null=True)


class Accounts(OperatorResource):
    """The payers who are no private persons: companies, housing associations, roaming partners."""

    access_for = Permission.VIEW_DRIVERS
    operation = "accounts"
    description = _("The payers who are no private persons: companies, housing associations, roaming partners.")
    query_class = AccountQuery
    answer_class = AccountPage

    def get(self, request: Request, **kwargs: Any) -> Response:
        """List them, closed ones too."""
        rows = accounts.listing(kind=self.query.get("kind", accounts.OTHERS), closed=True)
        found = paging.page(rows, request, by="created_at", query=self.query)
        return Response({"results": [self._facts(row) for row in found.rows], "next": found.next})

    def _facts(self, account: Account) -> dict[str, Any]:
        return {
            "id": str(account.public_id),
            "kind": account.kind,
            "customer_number": account.customer_number,
            **{name: getattr(account.identity, name, "") for name in PARTICULARS},
            "delivery": account.delivery,
            "days_to_pay": accounts.days_to_pay(account, self.access.operator),
            "least_amount": str(account.least_amount),
            **{name: getattr(account, name) for name in DEALER},
            "is_active": account.is_active,
        }
