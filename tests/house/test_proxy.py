"""The proxy before the service logs requests that fail: no secret of an address stands in its log either."""

import re
from pathlib import Path

import pytest

from circle.core.web import SECRET

CADDYFILE = Path(__file__).parents[2] / "deploy" / "Caddyfile"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/kalender/tIgEr-42.ics", "/kalender/…"),
        ("/kalender/tIgEr-42.ics?x=1", "/kalender/…?x=1"),
        ("/terminantwort?link=tIgEr-42", "/terminantwort?link=…"),
        ("/antwort?a=1&link=tIgEr-42&b=2", "/antwort?a=1&link=…&b=2"),
        ("/sitzungen/KK-2027-1", "/sitzungen/KK-2027-1"),
    ],
)
def test_the_log_of_the_proxy_names_no_secret(address: str, told: str) -> None:
    found = re.search(r'request>uri regexp "(.+)" "(.+)"', CADDYFILE.read_text("utf-8"))
    assert found
    pattern, kept = found[1], found[2].replace("${1}", r"\1")
    assert re.sub(pattern, kept, address) == told
    path = address.partition("?")[0]
    assert re.sub(pattern, kept, path) == SECRET.sub(r"\1…", path), "as the log of the service"
