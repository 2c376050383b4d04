"""An operator's own words of a letter: text with names in braces, of which only some are known.

Nothing else in it means anything, so what somebody writes can neither run nor show more than the facts it is given.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

#: What the text of a reminder may name.
OF_REMINDERS: Final = ("invoice", "due", "unpaid", "days", "reference", "bankgiro", "account")
_NAMED: Final = re.compile(r"\{([^{}]*)\}")


def unknown(text: str, known: Sequence[str]) -> list[str]:
    """The names in braces that mean nothing, each once, in order."""
    return [name for name in dict.fromkeys(_NAMED.findall(text)) if name not in known]


def filled(text: str, facts: Mapping[str, str]) -> str:
    """The text with its facts. A name without a fact stays as it is written."""
    return _NAMED.sub(lambda found: facts.get(found[1], found[0]), text)
