"""The cast of the demonstration: who they are, where they work and how to sign in as them.

They exist only where `settings.DEMONSTRATION` is on, which production refuses. Their addresses end
in a domain that nobody can own (RFC 6761), so no mail of theirs can reach anybody.
"""

from dataclasses import dataclass

from tenants.models import Membership
from tenants.selectors.people import DEMONSTRATION_DOMAIN

PASSWORD = "wattledger-demo"  # noqa: S105  # shown on the start page
Role = Membership.Role


@dataclass(frozen=True, slots=True)
class Person:
    """One of the cast. `only_at`: the one site the role holds at; empty for all of them."""

    name: str
    role: str
    operator: str
    only_at: str = ""

    @property
    def email(self) -> str:
        """The address the person signs in with."""
        return f"{self.name.lower()}@{DEMONSTRATION_DOMAIN}"


OPERATORS = {"north": "Norrsken Laddning AB", "south": "Sydkusten Laddnät AB"}

CAST = [
    Person("Olga", Role.OWNER, "north"),
    Person("Otto", Role.OPERATIONS, "north"),
    Person("Nils", Role.OPERATIONS, "north", only_at="Skellefteå Centrum"),
    Person("Fina", Role.FINANCE, "north"),
    Person("Sara", Role.SUPPORT, "north"),
    Person("Axel", Role.AUDITOR, "north"),
    Person("Disa", Role.PRIVACY, "north"),
    Person("Dana", Role.DRIVER, "north"),
    Person("Pia", Role.PAYER, "north"),
    Person("Sven", Role.OWNER, "south"),
]
# Runs the instance; has no place at an operator.
PLATFORM = Person("Petra", "platform", "")
