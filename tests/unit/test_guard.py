"""Which requests may leave."""

import pytest

from parity_pipeline.errors import ForbiddenRequestError, UsageError
from parity_pipeline.sources.guard import METRONOME_READS, STRIPE_READS, Guard, checked_base_url

STRIPE = Guard("https://api.stripe.com", STRIPE_READS)
METRONOME = Guard("http://127.0.0.1:8001/metronome", METRONOME_READS)


def test_a_read_is_known_by_its_template() -> None:
    """Identifiers do not multiply the endpoints of the ledger."""
    url = "https://api.stripe.com/v1/invoices/in_1/lines?limit=100"
    assert STRIPE.endpoint("GET", url) == "GET /v1/invoices/{id}/lines"


def test_a_read_by_post() -> None:
    """Metronome's listings by POST are reads, below a path prefix too."""
    assert METRONOME.endpoint("POST", "http://127.0.0.1:8001/metronome/v1/usage") == "POST /v1/usage"


@pytest.mark.parametrize(
    ("guard", "method", "url"),
    [
        (STRIPE, "POST", "https://api.stripe.com/v1/customers"),
        (STRIPE, "DELETE", "https://api.stripe.com/v1/customers"),
        (STRIPE, "GET", "https://api.stripe.com/v1/charges"),
        (STRIPE, "GET", "https://api.stripe.com/v1/invoices/in_1/pay"),
        (STRIPE, "GET", "https://api.stripe.com/v1/invoices/../lines"),
        (STRIPE, "GET", "https://api.stripe.com/v1/invoices/a%2Fb/lines"),
        (STRIPE, "GET", "https://api.stripe.com.example.org/v1/customers"),
        (STRIPE, "GET", "http://api.stripe.com/v1/customers"),
        (METRONOME, "POST", "http://127.0.0.1:8001/metronome/v1/ingest"),
        (METRONOME, "POST", "http://127.0.0.1:8001/metronome/v1/contracts/create"),
        (METRONOME, "POST", "http://127.0.0.1:8001/v1/usage"),
        (METRONOME, "POST", "http://127.0.0.1:8002/metronome/v1/usage"),
    ],
)
def test_everything_else_is_refused(guard: Guard, method: str, url: str) -> None:
    """Writes, unknown reads, other hosts, ports and prefixes do not leave."""
    with pytest.raises(ForbiddenRequestError, match="refused before it left"):
        guard.endpoint(method, url)


def test_a_base_url_loses_its_last_slash() -> None:
    """Paths are appended to a base URL as they are."""
    assert checked_base_url("http://localhost:4010/stripe/", variable="X") == "http://localhost:4010/stripe"


@pytest.mark.parametrize(
    "url", ["api.stripe.com", "ftp://x", "http://", "http://h:port", "http://me:secret@h", "http://h?a=1"]
)
def test_what_is_no_base_url(url: str) -> None:
    """An address that is none is one line that names the variable and no secret."""
    with pytest.raises(UsageError, match="STRIPE_API_BASE must be") as caught:
        checked_base_url(url, variable="STRIPE_API_BASE")
    assert "secret" not in str(caught.value)
