"""A knowledge document that is used as a paper, printed as its own page prints it."""

from circle.core import clock, pages
from circle.knowledge import prints

from .model import BundleDocument


async def printed(document: BundleDocument) -> bytes:
    """The PDF of a document as it reads now; equal text gives equal bytes."""
    return await prints.in_thread(
        prints.DocumentPrint(
            reference=document.reference, title=document.title, level=pages.LEVELS[document.confidentiality],
            version=f"{document.version}{prints.NOTES.get(document.state, '')}",
            as_of=document.released_on or clock.day(document.updated_at),
            owner=f"{document.owner_name}, {document.authority_name}", body=document.body,
            legal_basis=document.legal_basis,
        )
    )  # fmt: skip
