"""The letter that brings an invitation's link: the same from an operator's owner and from the platform's staff."""

from portal.words.letters import Letter
from tenants.models import Invitation, Membership, Operator
from tenants.services import mail
from tenants.services.people.invitations import LIFETIME

LETTERS: dict[str, Letter] = {
    Membership.Role.DRIVER: Letter.DRIVER_INVITED,
    Membership.Role.PAYER: Letter.PAYER_INVITED,
}


def send(operator: Operator, invitation: Invitation, *, link: str) -> None:
    """Send the link to the invited address, in the operator's language."""
    mail.send_to_address(
        invitation.email,
        LETTERS.get(invitation.role, Letter.INVITED),
        operator=operator,
        known_as=f"who got invitation {invitation.pk}",
        role=invitation.role,
        link=link,
        days=LIFETIME.days,
    )
