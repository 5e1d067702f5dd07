"""A record's parts in words for people: what the terminal's table, the explanation and the web page have in common."""

from annotations.labels import default_labels
from infer.records import Name, Period, Record, Text

# What a number is about, in the order in which people are shown it: the field of a record -> its Kazakh name.
ROLES = {role.name: role.kk for role in default_labels().roles} | {"speaker": "айтқан"}

_BOUNDS = {"exact": "", "range": "", "about": "≈ ", "over": "> ", "under": "< ", "at_least": "≥ ", "at_most": "≤ "}
_CHANGES = {"increase": " ↑", "decrease": " ↓", None: ""}


def number(record: Record) -> str:
    """The number with signs for its bound and change, thousands set apart: `> 4 700 ↑`."""
    high = "" if record.number_high is None else f"–{record.number_high:,}"
    return f"{_BOUNDS[record.bound]}{record.number:,}{high}{_CHANGES[record.change]}".replace(",", " ")


def unit(record: Record) -> str:
    """The unit, of which plain counts have none."""
    return "" if record.unit == "1" else record.unit


def words(part: Text | None) -> str:
    """A part of a record: a name in its nominative, anything else as it stands in the text; if missing, nothing."""
    if part is None:
        return ""
    return part.name if isinstance(part, Name) else part.text


def days(period: Period | None) -> tuple[str, ...]:
    """The first and the last day of a period, one if they are the same, none if they are unknown."""
    if period is None or period.from_ is None:
        return ()
    return tuple(dict.fromkeys((str(period.from_), str(period.to))))
