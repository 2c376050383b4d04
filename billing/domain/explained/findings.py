"""What a flag means, in a sentence for the person who reviews a price."""

from __future__ import annotations

from typing import Final

from billing.domain.sessions.columns import Flag

SENTENCES: Final = {
    Flag.INTERPOLATED: "Energy without readings was spread evenly over the charging time.",
    Flag.SORTED: "Periods or readings did not come in order of time; they were sorted.",
    Flag.NO_POWER_READING: "The tariff asks for power and there is no reading of it; such elements did not match.",
    Flag.NO_CURRENT_READING: "The tariff asks for current and there is no reading of it; such elements did not match.",
    Flag.SPANS_CHANGE: "A period crosses a change of price; it was billed whole at the price valid at its start.",
    Flag.PERIOD_WITHOUT_TARIFF: "A period names no tariff although others do; it was not priced.",
    Flag.TIME_DIFFERS: "A duration does not fit the instants of its period; the duration was billed.",
    Flag.ENERGY_DIFFERS: "The total energy is not the sum of what was metered.",
    Flag.UNPRICED_ENERGY: "Some energy is named by no matching element of the tariff and is free.",
    Flag.MINIMUM: "The minimum price of the tariff was applied.",
    Flag.MAXIMUM: "The maximum price of the tariff was applied.",
    Flag.TARIFF_ASSUMED: "No period names a tariff; the first valid one was taken.",
    Flag.STEP_BY_ROUNDING: "A time step was begun by at most 0.36 s, the precision of an hour with four decimals.",
    Flag.ENERGY_MISSING: "The total says that energy was used, but nothing metered it.",
}


#: The same in Swedish.
SENTENCES_SV: Final = {
    Flag.INTERPOLATED: "Energi utan mätvärden fördelades jämnt över laddtiden.",
    Flag.SORTED: "Perioder eller mätvärden kom inte i tidsordning; de sorterades.",
    Flag.NO_POWER_READING: "Prislistan frågar efter effekt och mätvärde saknas; sådana prisregler gällde inte.",
    Flag.NO_CURRENT_READING: "Prislistan frågar efter ström och mätvärde saknas; sådana prisregler gällde inte.",
    Flag.SPANS_CHANGE: "En period sträcker sig över ett prisbyte; den debiterades helt till priset vid dess början.",
    Flag.PERIOD_WITHOUT_TARIFF: "En period anger ingen prislista fast andra gör det; den debiterades inte.",
    Flag.TIME_DIFFERS: "En varaktighet stämmer inte med periodens tidpunkter; varaktigheten debiterades.",
    Flag.ENERGY_DIFFERS: "Den totala energin är inte summan av det som mättes.",
    Flag.UNPRICED_ENERGY: "En del energi omfattas inte av någon prisregel i prislistan och är gratis.",
    Flag.MINIMUM: "Prislistans lägsta pris tillämpades.",
    Flag.MAXIMUM: "Prislistans högsta pris tillämpades.",
    Flag.TARIFF_ASSUMED: "Ingen period anger en prislista; den första giltiga användes.",
    Flag.STEP_BY_ROUNDING: "Ett tidssteg påbörjades med högst 0,36 s, noggrannheten hos en timme med fyra decimaler.",
    Flag.ENERGY_MISSING: "Totalen säger att energi användes, men ingenting mätte den.",
}


def named(flags: Flag) -> tuple[str, ...]:
    """The names of all flags that are set, in their fixed order."""
    return tuple(one.name for one in flags if one.name)


def sentence(name: str, language: str = "en") -> str:
    """The sentence of the flag of that name, as `SessionPrice.flags` has it; Swedish for "sv", else English."""
    return (SENTENCES_SV if language.startswith("sv") else SENTENCES)[Flag[name]]
