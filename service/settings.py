"""The service's settings: from the environment, each named PARTNERMATCH_ and the field's name in capitals."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.storage.database import DATABASE_FILE, sqlite_url


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
    allowed_hosts: str = Field(
        default="localhost,127.0.0.1,[::1]",
        description="Names by which this service may be asked for, with commas between them; *: any.",
    )
    request_seconds: float = Field(default=120.0, gt=0, description="Longest time until an answer begins.")
    max_json_bytes: int = Field(default=2**20, ge=1, description="Most that a JSON or form body may have.")
    max_upload_bytes: int = Field(default=2**25, ge=1, description="Most that an uploaded file may have.")
    metrics_token: str = Field(
        default="", description="What lets other machines read /metrics, sent as Bearer; blank: none may."
    )
    public_url: str = Field(
        default="", description="Where a browser finds this service, if not at the address it listens at."
    )
    oidc_issuer: str = Field(
        default="", description="Whom people may sign in with by OpenID Connect; blank: passwords alone."
    )
    oidc_client_id: str = Field(default="", description="What this service is registered as there.")
    oidc_client_secret: str = Field(default="", description="Its secret there; blank for a public client.")
    oidc_name: str = Field(default="OpenID Connect", description="What the button to sign in with it says.")
    demo: bool = Field(default=True, description="Whether a first start brings the demonstration district.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least that is logged."
    )

    @property
    def hosts(self) -> frozenset[str]:
        """Names by which this service may be asked for."""
        names = [*self.allowed_hosts.split(","), urlsplit(self.public_url).hostname or ""]
        return frozenset(name.strip().lower() for name in names if name.strip())

    @property
    def database_file(self) -> Path:
        """The file of the SQLite database, where that is used."""
        return self.data / DATABASE_FILE

    @property
    def url(self) -> str:
        """Where the database is."""
        return self.database_url or sqlite_url(self.data)


def read_settings(data: Path | None = None, host: str = "") -> Settings:
    """Return the settings of the environment, with what a command was told beside them.

    Parameters
    ----------
    data
        Folder of the SQLite database.
    host
        Address the server listens at; who asks for it by that address is answered.

    Raises
    ------
    ValueError
        Where a setting is not what is expected, in one line.
    """
    try:
        settings = Settings(data=data) if data else Settings()
    except ValidationError as error:
        faults = (
            f"PARTNERMATCH_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ValueError("; ".join(faults)) from error
    if settings.executor == "dask" and not settings.dask_scheduler:
        raise ValueError(
            "PARTNERMATCH_DASK_SCHEDULER: expected the address of a Dask scheduler, such as tcp://scheduler:8786, "
            "found none."
        )
    own = f"[{host}]" if ":" in host else host
    return settings.model_copy(update={"allowed_hosts": f"{settings.allowed_hosts},{own}"})
