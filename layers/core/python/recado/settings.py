"""The environment, read once. The names are compared with template.yaml both ways by a test."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Settings:
    """Each field is the environment variable of the same name in capitals; a missing one is the empty string, and
    whoever needs it fails by name."""

    contacts_table: str = ""
    chats_table: str = ""
    workspace_table: str = ""
    inbound_queue_url: str = ""
    inbound_dlq_url: str = ""
    distribution_queue_url: str = ""
    outbound_queue_url: str = ""
    flow_requests_queue_url: str = ""
    feed_queue_url: str = ""
    media_queue_url: str = ""
    contact_exports_queue_url: str = ""
    contact_imports_queue_url: str = ""
    task_run_queue_url: str = ""
    raw_bucket: str = ""
    files_bucket: str = ""
    public_base_url: str = ""
    graph_base_url: str = ""
    telegram_base_url: str = ""
    twilio_base_url: str = ""
    ses_base_url: str = ""
    mail_bucket: str = ""
    mail_domain: str = ""
    sockets_url: str = ""
    system_mail_base_url: str = ""
    system_mail_from: str = ""
    log_level: str = "INFO"


@dataclass(frozen=True)
class LocalDoors:
    """What exists only on a laptop: a folder with clock.json {offset_s} and ssrf.json {allowed_origins}. None in
    AWS."""

    folder: str | None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return Settings(**{name: os.environ.get(name.upper(), default) for name, default in _defaults().items()})


@lru_cache(maxsize=1)
def local_doors() -> LocalDoors:
    """The local doors of this process; RECADO_LOCAL_DIR is set by the local stack alone."""
    return LocalDoors(folder=os.environ.get("RECADO_LOCAL_DIR") or None)


def _defaults() -> dict[str, str]:
    return {name: str(item.default) for name, item in Settings.__dataclass_fields__.items()}
