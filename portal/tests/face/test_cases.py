"""`{% case %}`: the part whose word it is, and no other."""

import pytest
from django.template import Context, Template, TemplateSyntaxError

TWO = '{% load cases %}{% case word %} {% when "one" %}first{% when "two" %}{{ word }}!{% endcase %}'


@pytest.mark.parametrize(("word", "shown"), [("one", "first"), ("two", "two!"), ("three", ""), (None, "")])
def test_the_part_of_the_word_is_shown(word, shown):
    assert Template(TWO).render(Context({"word": word})) == shown


@pytest.mark.parametrize(
    "wrong",
    [
        '{% case %}{% when "one" %}{% endcase %}',
        "{% case word %}{% when %}{% endcase %}",
        '{% case word %}{% when "one" %}1{% when "one" %}2{% endcase %}',
        '{% case word %}{% when "one" %}1',
    ],
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(TemplateSyntaxError):
        Template("{% load cases %}" + wrong)
