"""Self-contained HTML pages: templates, and files as their own addresses."""

import base64
from pathlib import Path
from typing import Any


def render(template: Path, **content: Any) -> str:
    """A Jinja template filled in; text is escaped, and a name without content refused."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(**content)


def data_uri(kind: str, content: bytes) -> str:
    """A file of a media type as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
