"""`python -m lowd.schema`: schemas and page of settings, of the checkout that it runs in."""

import json
from pathlib import Path

from lowd.schema.build import params_schema, study_schema
from lowd.schema.page import page


def files() -> dict[Path, str]:
    """What is made of the settings, by the path below the repository's root."""
    schemas = {"params": params_schema(), "study": study_schema()}
    return {
        Path(f"workflow/schemas/{name}.schema.json"): f"{_json(schema)}\n"
        for name, schema in schemas.items()
    } | {Path("docs/settings.md"): page()}


def _json(schema: object) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text)
