"""What an operator says about why it processes personal data (GDPR art. 30(1))."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OperatorOwned


class ProcessingPurpose(OperatorOwned):
    """A purpose as the operator words it: one that the portal knows by its code, or one of the operator's own.

    What is left empty is as the portal says it (`tenants.privacy.purposes`). People and kinds of data are said of a
    purpose of the operator's own alone; those of the portal's follow from the register of personal data.
    """

    class Basis(models.TextChoices):
        CONSENT = "consent", _("consent, art. 6(1)(a)")
        CONTRACT = "contract", _("contract, art. 6(1)(b)")
        LAW = "law", _("legal obligation, art. 6(1)(c)")
        VITAL = "vital", _("vital interests, art. 6(1)(d)")
        PUBLIC = "public", _("public interest, art. 6(1)(e)")
        INTEREST = "interest", _("legitimate interest, art. 6(1)(f)")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=40, db_index=False)
    title = models.CharField(_("purpose"), max_length=100, blank=True)
    why = models.TextField(_("what it is for"), max_length=2000, blank=True)
    basis = models.CharField(_("lawful basis"), max_length=10, choices=Basis, blank=True)
    law = models.CharField(_("law"), max_length=200, blank=True)
    people = ArrayField(models.CharField(max_length=20), verbose_name=_("people"), default=list, blank=True)
    kinds = ArrayField(models.CharField(max_length=20), verbose_name=_("data"), default=list, blank=True)
    recipients = models.TextField(_("other recipients"), max_length=1000, blank=True)
    transfers = models.TextField(_("transfers out of the EU and EEA"), max_length=1000, blank=True)
    kept = models.CharField(_("kept"), max_length=300, blank=True)
    is_used = models.BooleanField(_("in use"), default=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("processing_purpose"),
            models.UniqueConstraint(fields=["operator", "code"], name="processing_purpose_code_once"),
        ]

    def __str__(self) -> str:
        return self.title or self.code
