"""The service's settings: from the environment, each named PARTNERMATCH_ and the field's name in capitals."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.storage.database import sqlite_url


class Settings(BaseSettings):
    """What an installation may set; every field has a default that works on one machine."""

    model_config = SettingsConfigDict(env_prefix="PARTNERMATCH_", env_file=".env", extra="ignore")

    data: Path = Field(default=Path("data"), description="Folder of the SQLite database.")
    database_url: str = Field(default="", description="A PostgreSQL URL; blank: SQLite in the data folder.")
    model: str | None = Field(
        default=None, description="Embedding model; blank: the bundled one; words: for trials."
    )
    executor: Literal["local", "dask"] = Field(default="local", description="Where runs are done.")
    dask_scheduler: str = Field(default="", description="Address of the Dask scheduler.")
    max_running: int = Field(default=1, ge=1, description="Runs done at one time on this machine.")

    @property
    def url(self) -> str:
        """Where the database is."""
        return self.database_url or sqlite_url(self.data)
