"""What a charging session costs: the kernel's answer with its explanation."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.tariff import TariffVersion
from charging.models import ChargingSession
from charging.site_scope import SiteBound
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey


class SessionPrice(SiteBound):
    """The price of one closed session, by one tariff version. Rated anew until it stands on an invoice.

    Amounts keep six decimals; only an invoice line rounds to the minor unit. Where prices include VAT, the
    amount including VAT is the sum of the rounded lines. `lines` is what an invoice will say: a list of
    {component, quantity, unit_price, vat_rate, amount}, numbers as texts, one for each price of the
    session, with tax_included where unit price and amount include VAT. How the session came to them slice by
    slice is not stored: facts and version never change, so the kernel tells it again (`billing.selectors.prices`).
    """

    seen_through = "session"

    class State(models.TextChoices):
        PRICED = "priced", _("priced")
        FREE = "free", _("free of charge")
        PROBLEM = "problem", _("cannot be priced")

    # The references prove the operator (see `SameOperatorInBulk`).
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    session = OwnedForeignKey(ChargingSession, models.PROTECT, related_name="prices")
    tariff_version = OwnedForeignKey(TariffVersion, null=True, related_name="session_prices")
    state = models.CharField(max_length=8, choices=State)
    problem = models.CharField(max_length=40, blank=True)
    problem_facts = models.JSONField(default=dict)
    currency = models.CharField(max_length=3, blank=True)
    amount_excl_vat = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    amount_incl_vat = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    lines = models.JSONField(default=list)
    flags = models.PositiveIntegerField(default=0, help_text="billing.domain.sessions.columns.Flag")
    rated_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("session_price", "session", "tariff_version", bulk=True, referred=False),
            # The included columns let sums over many sessions be read from the index alone.
            models.UniqueConstraint(
                fields=["operator", "session"],
                name="session_price_once",
                include=["state", "currency", "amount_excl_vat", "amount_incl_vat"],
            ),
            models.CheckConstraint(
                condition=Q(state="problem") | Q(tariff_version__isnull=False), name="session_price_has_tariff"
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "session"], name="session_price_problem", condition=Q(state="problem")),
        ]

    def __str__(self) -> str:
        return f"{self.amount_incl_vat} {self.currency}"
