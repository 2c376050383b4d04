"""The letter that brings an invitation's link: the same from an operator's owner and from the platform's staff."""

from django.utils import translation
from django.utils.translation import gettext as _

from tenants.models import Invitation, Membership, Operator
from tenants.services import letters
from tenants.services.people.invitations import LIFETIME


def mail(operator: Operator, invitation: Invitation, *, link: str) -> None:
    """Send the link to the invited address, in the operator's language."""
    subject, text = _letter(operator, invitation, link)
    letters.send_to_address(
        invitation.email, subject=subject, text=text, known_as=f"who got invitation {invitation.pk}"
    )


def _letter(operator: Operator, invitation: Invitation, link: str) -> tuple[str, str]:
    with translation.override(operator.language):
        facts = {
            "operator": operator.name,
            "role": str(invitation.get_role_display()).lower(),
            "link": link,
            "days": LIFETIME.days,
        }
        if invitation.role == Membership.Role.DRIVER:
            subject = _("Your charging at %(operator)s")
            text = _("You can see your charging and your invoices at %(operator)s. Open this link to begin:")
        else:
            subject = _("Your place at %(operator)s")
            text = _("You are invited to work at %(operator)s, in the role %(role)s. Open this link to accept:")
        rest = _("It works once, for %(days)s days. If you did not expect this letter, do nothing.")
        return subject % facts, f"{text % facts}\n\n{link}\n\n{rest % facts}\n"
