"""What every page has in common."""

from tests.clients import Clients


async def test_the_error_summary_names_the_field_by_its_label(client: Clients) -> None:
    ben = await client.browser("ben")
    answer = await ben.post(
        "/anfragen", {"question": "Welche Standards?", "subject": "", "idempotency_key": "k"}
    )
    assert answer.status_code == 422
    assert '<a href="#field-subject">Betreff: Bitte ausfüllen.</a>' in answer.text
