"""On which way a document left, by letter or as an e-invoice, in words."""

from django import template

from portal.words import document_letters, sendings

register = template.Library()
register.filter("letter_what", document_letters.what)
register.filter("letter_why_not", document_letters.why_not)
register.filter("sending_reason", sendings.reason)
register.filter("receiver", sendings.receiver)
