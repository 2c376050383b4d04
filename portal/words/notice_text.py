"""A privacy notice to begin with, made of the record of processing: what GDPR art. 13 wants said, in plain words."""

from django.utils.translation import gettext as _
from django.utils.translation import override

from portal.words import privacy
from tenants.models import Operator
from tenants.privacy import record
from tenants.services.people.consents import Words

#: Who is complained to, by country (GDPR art. 77).
AUTHORITIES = {"SE": "Integritetsskyddsmyndigheten (IMY), imy.se"}


def beginning(operator: Operator, language: str) -> Words:
    """Return the words in the language: who, what for and by which right, who gets it, how long, and one's rights."""
    with override(language):
        name = operator.legal_name or operator.name
        parts = [
            "\n".join(f"{fact}: {value}" for fact, value in privacy.controller(operator) if value != privacy.DASH),
            *(_purpose(privacy.told(each)) for each in record.processings(language=language)),
            _rights(operator),
        ]
        return Words(_("How %(name)s handles your personal data") % {"name": name}, "\n\n".join(parts))


def _purpose(told: privacy.Told) -> str:
    return "\n".join([told.title, told.why, *(f"{name}: {value}" for name, value in told.facts)])


def _rights(operator: Operator) -> str:
    authority = AUTHORITIES.get(operator.country, "")
    contact = operator.privacy_contact or operator.email
    ask = _("Ask us at %(contact)s, or on your own pages in the portal.") % {"contact": contact}
    complain = _("You can complain to the supervisory authority: %(authority)s.") % {"authority": authority}
    return "\n".join(
        [
            _("Your rights"),
            _(
                "You can see the data about you and get a copy of it, have it corrected or erased, have its use"
                " restricted, object to it, and take it with you. A consent can be withdrawn at any time, as easily as"
                " it was given."
            ),
            *([ask] if contact else []),
            *([complain] if authority else []),
        ]
    )
