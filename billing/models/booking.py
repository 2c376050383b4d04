"""Where amounts are booked: the operator's accounts, and which documents an accounting program has been handed."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.export import Export
from billing.models.invoice import Invoice
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class BookingAccount(OperatorOwned):
    """The account that one use is booked on, where it is not the usual one (`billing.selectors.booking_accounts`).

    country: the account is of that country's VAT alone, or of sales that bear it; empty for all that has none.
    """

    class Use(models.TextChoices):
        RECEIVABLE = "receivable", _("receivables")
        SALES_25 = "sales_25", _("sales at 25 % VAT")
        SALES_12 = "sales_12", _("sales at 12 % VAT")
        SALES_6 = "sales_6", _("sales at 6 % VAT")
        SALES_0 = "sales_0", _("sales without VAT")
        SALES_ABROAD = "sales_abroad", _("sales at the VAT of another country")
        VAT_25 = "vat_25", _("VAT at 25 %")
        VAT_12 = "vat_12", _("VAT at 12 %")
        VAT_6 = "vat_6", _("VAT at 6 %")
        VAT_ABROAD = "vat_abroad", _("VAT of another country")
        ROUNDING = "rounding", _("rounding")
        LATE_COSTS = "late_costs", _("fees for paying late")
        INTEREST = "interest", _("late interest")
        LOSS = "loss", _("receivables lost for certain, without VAT")
        LOSS_FEARED = "loss_feared", _("receivables given up otherwise")
        HOST_SHARE = "host_share", _("what hosts earn")
        HOST_DEBT = "host_debt", _("what is to be paid to hosts")
        HOST_CARRIED = "host_carried", _("what hosts earned and carry over")
        INPUT_VAT = "input_vat", _("VAT of self-billed statements")
        INPUT_LATER = "input_later", _("VAT of hosts whose own invoice is awaited")
        BANK = "bank", _("money in the bank")
        UNIDENTIFIED = "unidentified", _("payments whose purpose is not known yet")
        ON_ACCOUNT = "on_account", _("money kept for payers")

    use = models.CharField(max_length=12, choices=Use)
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    number = models.CharField(_("account"), max_length=6)
    name = models.CharField(_("name of the account"), max_length=50)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("booking_account", referred=False),
            models.UniqueConstraint(fields=["operator", "use", "country"], name="booking_account_once"),
            models.CheckConstraint(
                condition=Q(country="") | Q(use__in=["sales_abroad", "vat_abroad"]),
                name="booking_account_of_a_country",
            ),
            models.CheckConstraint(condition=Q(number__regex=r"^[1-8][0-9]{3,5}$"), name="booking_account_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class BookedInvoice(OperatorOwned):
    """That a document stands in a file for an accounting program; the first that holds it."""

    export = OwnedForeignKey(Export, related_name="booked")
    invoice = OwnedForeignKey(Invoice, related_name="booked")

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("booked_invoice", "export", "invoice", bulk=True, referred=False),
            models.UniqueConstraint(fields=["operator", "invoice"], name="invoice_booked_once"),
        ]
        indexes = [models.Index(fields=["operator", "export"], name="booked_invoice_of_export")]

    def __str__(self) -> str:
        return f"invoice {self.invoice_id} in export {self.export_id}"
