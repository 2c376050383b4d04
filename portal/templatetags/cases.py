"""One of several parts of a template: `{% case key %}{% when "started" %}…{% when "ended" %}…{% endcase %}`.

A row of a list asks for each of its cells which column it is; a chain of `elif` asks once for every column there is.
"""

from __future__ import annotations

from django import template
from django.template import Context, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token
from django.utils.safestring import SafeString

register = template.Library()


class Case(Node):
    """The part whose word it is, or nothing."""

    def __init__(self, word: FilterExpression, parts: dict[str, NodeList]) -> None:
        self.word, self.parts = word, parts

    def render(self, context: Context) -> SafeString:
        """Render the part."""
        part = self.parts.get(self.word.resolve(context))
        return part.render(context) if part is not None else SafeString("")


@register.tag
def case(parser: Parser, token: Token) -> Case:
    """Read the parts.

    Raises:
        TemplateSyntaxError: a word missing, named twice.
    """
    _, word = _two(token)
    parser.parse(("when", "endcase"))  # white space before the first part
    parts: dict[str, NodeList] = {}
    while (tag := parser.next_token()).contents != "endcase":
        _, name = _two(tag)
        name = name.strip("\"'")
        if name in parts:
            raise TemplateSyntaxError(f'"{name}" has two parts.')
        parts[name] = parser.parse(("when", "endcase"))
    return Case(parser.compile_filter(word), parts)


def _two(token: Token) -> list[str]:
    words = token.split_contents()
    if len(words) != 2:  # the tag and its word
        raise TemplateSyntaxError(f"{words[0]} takes one word.")
    return words
