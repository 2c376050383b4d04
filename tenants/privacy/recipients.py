"""Who else gets personal data: every way by which it leaves the house, with whom it reaches and what for.

GDPR art. 30(1)(d) wants the categories of recipients in the record. Each floor enters those it sends to in its
`registers.py`, by the code that sends. `portal/tests/test_what_leaves.py` finds code, files and scopes that nobody has
entered, so a new recipient cannot be added unnamed.
"""

from dataclasses import dataclass

from tenants.privacy.purposes import Purpose


@dataclass(frozen=True, slots=True)
class Recipient:
    """A kind of recipient.

    code: has its word in `portal.words.privacy`. serves: what it gets the data for.
    by: what sends it: `module:` that opens connections or lets people in, `export:` a kind of file made for them,
        `scope:` of API keys.
    is_processor: whether it works for the operator by its instructions (art. 28) rather than for itself.
    """

    code: str
    serves: tuple[Purpose, ...]
    by: tuple[str, ...]
    is_processor: bool


_register: dict[str, Recipient] = {}


def register(code: str, *, serves: str, by: str, is_processor: bool = False) -> None:
    """Enter a recipient. `serves` names purposes, `by` what sends, each parted by spaces."""
    purposes = tuple(Purpose(name) for name in serves.split())
    _register[code] = Recipient(code, purposes, tuple(by.split()), is_processor)


def all_recipients() -> list[Recipient]:
    """Every recipient, lower floors first."""
    return list(_register.values())
