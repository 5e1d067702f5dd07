"""What the project's web pages share: each is a Jinja2 template with a stylesheet, perhaps a script, of its name, after
the stylesheet of all."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from annotations.labels import Label, default_labels

BASE = Path(__file__).with_suffix(".css")


def environment(page: Path, **names: object) -> Environment:
    """The templates beside `page`, which escape whatever they are given, with `names` to use in them.

    They have as well `style` and `script`, ours to the letter, with the labels' colours by class; `digest`, for the
    policy of a page that runs no other script; and `label`, which finds a label by its name.
    """
    made = Environment(
        loader=FileSystemLoader(page.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    colours = "".join(f".{label.name} {{ --color: {label.color}; }}\n" for label in default_labels().labels)
    style = "".join((BASE.read_text("utf-8"), page.with_suffix(".css").read_text("utf-8"), colours))
    script = page.with_suffix(".js")
    made.globals.update(
        label=label,
        digest=_digest,
        style=Markup(style),  # noqa: S704  ours, as the script is
        script=Markup(script.read_text("utf-8") if script.exists() else ""),  # noqa: S704
        **names,
    )
    return made


def label(name: str) -> Label:
    """A label of the label set; one of somebody's own stands for itself."""
    own = Label(name=name, kk=name, en=name, color="", hotkey="", group="entity")
    return next((known for known in default_labels().labels if known.name == name), own)


def _digest(content: str) -> str:
    """The source by which a Content-Security-Policy knows an inline script or style."""
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"
