"""What something kept of the erased is read for, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.bookkeeping import Why

WHY: dict[Why, str | Promise] = {
    Why.AUDIT: _("an auditor asks for it"),
    Why.AUTHORITY: _("an authority asks for it"),
    Why.CORRECTION: _("an error in it is to be corrected"),
    Why.CLAIM: _("a claim or a complaint is about it"),
    Why.ACCOUNTING: _("a file for accounting"),
    Why.DOCUMENT: _("a document is made or sent"),
    Why.PAYER: _("the payer reads their own document"),
}
