"""The main text of an HTML page, without menus, advertisements and comments, by trafilatura, which fetches nothing."""

import logging
import re

LONGEST = 4_000_000  # characters of a page; reading hostile ones takes up to 20 seconds a million

_WHOLE = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
_DATE = {"original_date": True, "extensive_search": False}  # what the page declares, not any day that it mentions


def main_text(page: str) -> dict[str, str | None]:
    """The `text` of a page or of a fragment of one, and the `title` and `published` that it declares, else None.

    Raises ValueError for a page without a main text and for one that is too long, ImportError that names the extra.
    """
    try:
        from trafilatura import bare_extraction
        from trafilatura.settings import Document
    except ImportError as error:
        raise ImportError("HTML pages need the `html` extra: pip install 'malimet[html]'") from error
    if len(page) > LONGEST:
        raise ValueError(f"the page has {len(page):,} characters, and {LONGEST:,} are the most")
    whole = page if _WHOLE.search(page) else f"<html><body>{page}</body></html>"
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # that it finds nothing is told by who called
    found = bare_extraction(whole, include_comments=False, with_metadata=True, date_extraction_params=_DATE)
    if not isinstance(found, Document) or not found.text:
        raise ValueError("no main text is found in the page")
    return {"text": found.text, "title": found.title, "published": found.date}
