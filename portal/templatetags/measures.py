"""The filters that write quantities: `{{ energy|kwh }}`. What they write is decided in `portal.words.measures`."""

from django import template

from portal.words import measures

register = template.Library()

for written in (
    measures.money,
    measures.coins,
    measures.unit_price,
    measures.kwh,
    measures.kw,
    measures.number,
    measures.all_decimals,
    measures.percent,
    measures.vat_rate,
    measures.duration,
    measures.local_time,
    measures.local_time_exact,
    measures.local_date,
    measures.local_clock,
    measures.month,
    measures.month_short,
    measures.ago,
):
    register.filter(written)
