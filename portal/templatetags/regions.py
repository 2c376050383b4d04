"""The filters that name countries and languages: `{{ site.country|country }}`."""

from django import template

from portal.words import regions

register = template.Library()
register.filter(regions.country)
register.filter(regions.language)
