"""The operator's reasons for crediting: its own, or the usual ones until it has some."""

from dataclasses import dataclass
from typing import Final

from billing.models import CreditReason


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason in the languages of documents; at least one of them."""

    swedish: str
    english: str

    def in_language(self, language: str) -> str:
        """The words in the language of a document, or in the one there is."""
        first, second = (self.swedish, self.english) if language.startswith("sv") else (self.english, self.swedish)
        return first or second


USUAL: Final = (
    Reason("Fel pris", "Wrong price"),
    Reason("Fel mätvärde", "Wrong meter reading"),
    Reason("Fel betalare", "Wrong payer"),
    Reason("Fakturerad två gånger", "Billed twice"),
    Reason("Laddningen fungerade inte", "The charge did not work"),
    Reason("Enligt överenskommelse", "As agreed"),
)


def reasons() -> list[Reason]:
    """The reasons in the operator's order."""
    own = [Reason(row.swedish, row.english) for row in CreditReason.objects.order_by("position")]
    return own or list(USUAL)
