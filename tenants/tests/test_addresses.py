import pytest

from tenants.addresses import network, parsed


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7:41234 ", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:0DB8:0:0::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", None),
        ("_hidden:80", None),
        ("", None),
        ("[", None),
        ("1.2.3.4.5", None),
        ("' OR 1=1", None),
    ],
)
def test_an_address_is_read_without_what_a_proxy_adds(said, meant):
    assert parsed(said) == meant


def test_one_line_is_one_network():
    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network("2001:db8:1:3::1") != network("2001:db8:1:2::1")
    assert network("203.0.113.7") == "203.0.113.7"
    assert network("::ffff:203.0.113.7") == "203.0.113.7"
    assert network(None) == network("nonsense")
