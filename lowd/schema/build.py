"""The JSON schema of params.yaml and of a study in a file of its own."""

from typing import Any, cast

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema

from lowd.base import Settings
from lowd.comparisons import Across
from lowd.grid import KindSettings
from lowd.schema.descriptions import described, summary
from lowd.settings import Params
from lowd.written.entry import EXTENDS, VARY

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The one that editors' servers for YAML know best."""
INHERITING: dict[str, Any] = {
    EXTENDS: {
        "type": "string",
        "description": "The study whose settings this one has, but for those that it writes "
        "itself. Mappings are merged key by key; `null` takes a key away.",
    },
    VARY: {
        "type": "object",
        "additionalProperties": {"anyOf": [{"type": "array"}, {"type": "object"}]},
        "description": "Makes a family: a study for each combination of values. A key has dots, "
        "`teacher.rank`; its values are a list, or a mapping from what names get to a value. "
        "Several keys with commas between them vary together.",
    },
}


class _Described(GenerateJsonSchema):
    """With what docstrings say of each key, and its default."""

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        settings = cast(type[Settings], schema["cls"])
        found["description"] = summary(settings)
        said = described(settings)
        for key, place in found["properties"].items():
            field = settings.model_fields[key]
            place["description"] = said.get(key, "")
            if field.default_factory is not None:
                place["default"] = field.get_default(call_default_factory=True)
        if issubclass(settings, KindSettings) and not issubclass(settings, Across):
            found["properties"] |= INHERITING
        return found


def described_schema() -> dict[str, Any]:
    """Of all of params.yaml, each study with all of its settings."""
    return Params.model_json_schema(schema_generator=_Described)


def params_schema() -> dict[str, Any]:
    """For an editor, which is to complete and explain what stands in params.yaml.

    No key is required, as a study may have it from its base; that is for lowd to say.
    """
    return {"$schema": DIALECT, **_relaxed(described_schema())}


def study_schema() -> dict[str, Any]:
    """The same, of one study in a file of its own."""
    schema = params_schema()
    rooms = [schema["properties"][room] for room in ("studies", "findings")]
    studies = [each for room in rooms for each in room["patternProperties"].values()]
    return {
        "$schema": DIALECT,
        "title": "Study",
        "anyOf": [each for study in studies for each in study["anyOf"]],
        "$defs": schema["$defs"],
    }


def _relaxed(schema: Any) -> Any:
    """Without required keys; one that fits several alternatives fits."""
    if isinstance(schema, list):
        return [_relaxed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            found[key] = {name: _relaxed(place) for name, place in value.items()}
        elif key == "oneOf":
            found["anyOf"] = _relaxed(value)
        elif key not in ("required", "discriminator"):
            found[key] = value if key in ("default", "const", "enum") else _relaxed(value)
    if "$ref" in found and len(found) > 1:  # beside which the dialect overlooks all
        found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found
