"""The operator: the tenant to whom all business data belongs."""

from datetime import date
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.rls import WriteSecurity


def staff_roles() -> list[str]:
    """Return the roles of which a second factor is required unless the operator says otherwise."""
    return ["owner", "operations", "finance", "support", "auditor", "privacy"]


def today() -> date:
    """Return the day, as the world's clock has it."""
    return timezone.now().date()


class Operator(models.Model):  # type: ignore[django-manager-missing]  # guardian has no types
    """A charge point operator, with the particulars of a seller that an invoice must show.

    Particulars: ML (2023:200) 17 kap. 24 §; EN 16931 group BG-4. Its state is changed by the platform alone:
    the app role has no right to that column.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        CLOSED = "closed", _("closed")

    slug = models.SlugField(_("address in the portal"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    legal_name = models.CharField(_("legal name"), max_length=200, blank=True)
    organisation_number = models.CharField(_("organisation number"), max_length=20, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    gln = models.CharField(_("GLN"), max_length=13, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, default="SE", help_text=_("ISO 3166, two letters."))
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    # Whom drivers and authorities ask about personal data (GDPR art. 13(1)(b), 30(1)(a)).
    privacy_contact = models.CharField(_("contact for personal data"), max_length=200, blank=True)
    # Statistics about people show no group of fewer (`tenants.privacy.small_groups`). Two know each other's share.
    smallest_group = models.PositiveSmallIntegerField(
        _("smallest group in statistics"), default=5, validators=[MinValueValidator(3), MaxValueValidator(100)]
    )
    bankgiro = models.CharField(_("bankgiro"), max_length=20, blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True)
    approved_for_f_tax = models.BooleanField(_("approved for F-tax"), default=True)
    # Öresavrundning: 1-49 öre down, 50-99 up (lag 1970:1029).
    rounds_to_crowns = models.BooleanField(_("round to whole kronor"), default=False)
    payment_terms_days = models.PositiveSmallIntegerField(_("payment terms, days"), default=30)
    currency = models.CharField(_("currency"), max_length=3, default="SEK")
    # What a new tariff begins with; each version says for itself.
    prices_include_vat = models.BooleanField(_("prices including VAT"), default=True)
    time_zone = models.CharField(_("time zone"), max_length=50, default="Europe/Stockholm")
    language = models.CharField(_("language"), max_length=5, default="sv")
    # How people prove who they are, and which acts need a second person (registered in `services.four_eyes`).
    factor_required_of = ArrayField(models.CharField(max_length=12), default=staff_roles, blank=True)
    four_eyes = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    # Whether only staff with the year's training see personal data (`portal.gate.training`).
    training_opens_data = models.BooleanField(default=False)
    # Since when the staff is asked to confirm it: nobody is late for what was not asked.
    training_since = models.DateField(default=today, editable=False)
    # Until when visiting platform staff may change something here; null: they may only look.
    platform_may_change_until = models.DateTimeField(null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        permissions = [
            ("view_overview", "See the overview"),
            ("view_network", "See sites and stations"),
            ("manage_network", "Change sites and stations"),
            ("view_sessions", "See charging sessions"),
            ("review_sessions", "Decide on sessions under review"),
            ("import_sessions", "Import sessions from files"),
            ("view_drivers", "See drivers and cards"),
            ("manage_drivers", "Change drivers and cards"),
            ("manage_accounts", "Change payers and who belongs to them"),
            ("view_tariffs", "See tariffs"),
            ("manage_tariffs", "Make and publish tariffs"),
            ("view_invoices", "See runs and invoices"),
            ("run_billing", "Start invoice runs"),
            ("issue_invoices", "Issue invoices and credit notes"),
            ("manage_payments", "Import payments and say what they are for"),
            ("export_finance", "Download invoices for accounting"),
            ("view_consents", "See consents and their proof"),
            ("view_audit", "See the audit log"),
            ("view_people", "See members"),
            ("manage_people", "Invite, change and remove members"),
            ("manage_operator", "Change the operator's details"),
            ("manage_security", "Change how people sign in and what needs a second person"),
            ("manage_keys", "Make and revoke API keys"),
            ("export_drivers", "Download the personal data of all drivers"),
            ("view_approvals", "See what waits for a second person"),
            ("view_privacy", "See what personal data is processed for"),
            ("manage_privacy", "Say what personal data is processed for, and answer people about theirs"),
            ("use_driver_pages", "See one's own charging"),
            ("use_payer_pages", "See the invoices of one's own company or association"),
        ]

        constraints = [
            WriteSecurity(name="operator_writes", column="id", adds=False),
            models.CheckConstraint(
                condition=models.Q(factor_required_of__contains=["owner"]), name="operator_owners_need_a_factor"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the operator's months and days begin."""
        return ZoneInfo(self.time_zone)
