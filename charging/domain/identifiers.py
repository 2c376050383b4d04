"""Texts that stand where an identifier should and are none: placeholders, and what a spreadsheet made a number of."""

from typing import Final

import polars as pl

_BLANKS: Final = "[\\s\u00a0\u202f]+"
_CHANGED_TO_NUMBER: Final = r"^[+-]?\d(?:[.,]\d+)?[eE]\+\d{1,3}$"
_CUT_AT_15_DIGITS: Final = r"^[1-9]\d{14}0{3,}$"
_MORE_THAN_15: Final = 18
_NOTHING_BUT_SIGNS: Final = r"^(?:0x)?[0\-_.*?/x ]*$"

#: What systems write where a card should stand and none was used, folded to lower case.
NO_CARD: Final = tuple(
    word
    for language in (
        "unknown|unknown user|unknown card|unknown rfid|unidentified|anonymous|anonymous user|guest|guest user|none|"
        "no card|no rfid|no tag|no user|no token|no auth|noauth|nocard|null|nil|nan|n/a|n.a.|na|not available|"
        "not applicable|not assigned|unassigned|undefined|missing|empty|free|freevend|free vend|free charging|ad hoc|"
        "ad-hoc|adhoc|(null)|(none)|(unknown)|<null>|<unknown>|#n/a|invalid|invalid tag|dummy|no id|no idtag|blank",
        "okänd|okänt|okänd användare|okänt kort|anonym|gäst|ingen|inget|inget kort|ingen bricka|saknas|ej angiven|"
        "ej angivet|ej tillgänglig|utan kort|oidentifierad",
        "ukjent|ukjent bruker|gjest|ikke oppgitt|mangler|uten brikke|ukendt|ukendt bruger|gæst|ingen kort|intet kort|"
        "ingen brik|ikke angivet",
        "unbekannt|unbekannter nutzer|unbekannter benutzer|gast|kein|keine|keine karte|ohne|ohne karte|keine angabe|"
        "nicht angegeben|nicht vorhanden|nicht zugewiesen|k.a.|unbek.|freies laden",
        "inconnu|inconnue|utilisateur inconnu|anonyme|invité|aucun|aucune|sans badge|sans carte|non renseigné|"
        "non disponible|non attribué|néant",
        "sconosciuto|sconosciuta|utente sconosciuto|anonimo|ospite|nessuno|nessuna|senza tessera|non disponibile|"
        "non assegnato|assente",
        "onbekend|onbekende gebruiker|anoniem|geen|geen pas|geen kaart|niet bekend|niet beschikbaar|n.v.t.|nvt|n.b.",
        "tuntematon|tuntematon käyttäjä|nimetön|vieras|ei|ei mitään|ei tiedossa|ei korttia|puuttuu",
        "desconocido|desconocida|usuario desconocido|anónimo|invitado|ninguno|ninguna|sin tarjeta|no disponible|"
        "no asignado|sin asignar|s/d",
    )
    for word in language.split("|")
)


def name_keys(names: pl.Series) -> pl.Series:
    """Return what names are compared by: neither case nor blanks tell two of them apart (OCPI and OCPP CiString)."""
    return names.str.replace_all(_BLANKS, " ").str.strip_chars().str.to_lowercase()


def is_no_card(uids: pl.Series) -> pl.Series:
    """Return which texts stand where a card should, and are none."""
    every = uids.unique().drop_nulls()
    folded = name_keys(every)
    placeholders = every.filter(folded.is_in(NO_CARD) | folded.str.contains(_NOTHING_BUT_SIGNS))
    if not len(placeholders):
        return pl.repeat(value=False, n=len(uids), eager=True)
    return uids.is_in(placeholders.implode()).fill_null(value=False)


def is_damaged(identifiers: pl.Series) -> pl.Series:
    """Return which identifiers a spreadsheet took for numbers: `9.00110E+17`, or all zeros after 15 digits."""
    if not (identifiers.str.contains("+", literal=True) | (identifiers.str.len_bytes() >= _MORE_THAN_15)).any():
        return pl.repeat(value=False, n=len(identifiers), eager=True)
    changed = identifiers.str.contains(_CHANGED_TO_NUMBER) | identifiers.str.contains(_CUT_AT_15_DIGITS)
    return changed.fill_null(value=False)
