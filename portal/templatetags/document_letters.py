"""Letters with a document, in words."""

from django import template

from portal.words import document_letters as words

register = template.Library()
register.filter("letter_what", words.what)
register.filter("letter_why_not", words.why_not)
