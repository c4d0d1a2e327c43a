"""What every settings model shares: unknown keys are refused, values never change afterwards."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of all settings, validated once where they enter."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
