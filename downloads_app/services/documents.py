"""What REST and the commands with `--json` show of a thing: one document, made here for both."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from downloads_app.models import ApiKey, Download, Provider, Repository, SignIn, User
from downloads_app.services.downloads import representation
from downloads_app.services.downloads.plans import Plan
from downloads_app.services.downloads.representation import format_time
from downloads_app.services.downloads.usage import Usage
from downloads_app.services.files.folders import folder_of, place_of
from downloads_app.services.queue.workers import WorkerState
from downloads_app.sources import registry


def describe_download(download: Download, downloads_dir: Path, *, for_admin: bool = True) -> dict[str, Any]:
    """Return the nine keys of the stream, from the same lists, and further ones.

    `path` is where its files lie: on the server for admins, for others below DOWNLOADS_DIR.
    """
    return representation.as_dict(download) | {
        "repository": download.repository.name,
        "provider": download.provider.name,
        "username": download.user.username,
        "error_message": download.error_message,
        "wait_reason": download.waits_for,
        "next_attempt_at": format_time(download.not_before_at),
        "completed_at": format_time(download.completed_at),
        "revision": download.revision,
        "commit": download.commit,
        "include": download.include,
        "exclude": download.exclude,
        "priority": download.priority,
        "attempt": download.attempt,
        "path": str(folder_of(downloads_dir, download)) if for_admin else place_of(download),
    }


def describe_user(user: User) -> dict[str, Any]:
    """Return an account."""
    return {
        "id": user.id,
        "username": user.username,
        "role": user.role,
        "disabled": user.is_disabled,
        "quota_bytes": user.quota_bytes,
        "created_at": format_time(user.created_at),
        "updated_at": format_time(user.updated_at),
    }


def describe_me(user: User) -> dict[str, Any]:
    """Return an account as its user sees it."""
    return describe_user(user) | {"must_change_password": user.must_change_password}


def describe_provider(provider: Provider, *, for_admin: bool = True) -> dict[str, Any]:
    """Return a provider without its secrets. How it is reached on the network is null for others than admins."""
    reach = {
        "has_proxy": provider.proxy_url_encrypted is not None,
        "allow_private_network": provider.allow_private_network,
        "allow_hosts": provider.allow_hosts,
        "ca_file": provider.ca_file,
    }
    return {
        "id": provider.id,
        "name": provider.name,
        "kind": provider.kind,
        "can_search": registry.can_search(provider.kind),
        "url": provider.url,
        "has_token": provider.token_encrypted is not None,
        "has_password": provider.password_encrypted is not None,
        "has_header": provider.header_value_encrypted is not None,
        "has_client_certificate": provider.client_certificate_encrypted is not None,
        **(reach if for_admin else dict.fromkeys(reach)),
        "region": provider.region,
        "max_connections": provider.max_connections,
        "paused_at": format_time(provider.paused_at),
        "created_at": format_time(provider.created_at),
        "updated_at": format_time(provider.updated_at),
    }


def describe_repository(repository: Repository) -> dict[str, Any]:
    """Return a repository."""
    return {
        "id": repository.id,
        "provider_id": repository.provider_id,
        "name": repository.name,
        "created_at": format_time(repository.created_at),
    }


def describe_queue(paused_at: datetime | None) -> dict[str, Any]:
    """Return the queue of all downloads."""
    return {"paused_at": format_time(paused_at)}


def describe_key(key: ApiKey) -> dict[str, Any]:
    """Return an API key, without the key itself."""
    return {
        "id": key.id,
        "username": key.user.username,
        "name": key.name,
        "hint": key.hint,
        "scopes": key.scopes,
        "created_at": format_time(key.created_at),
        "expires_at": format_time(key.expires_at),
        "last_used_at": format_time(key.last_used_at),
    }


def describe_session(sign_in: SignIn, present: str | None = None) -> dict[str, Any]:
    """Return a sign-in; `present` is the family of the token that asks."""
    return {
        "id": sign_in.id,
        "created_at": format_time(sign_in.created_at),
        "last_used_at": format_time(sign_in.used_at),
        "address": sign_in.address,
        "client": sign_in.client,
        "is_current": sign_in.id == present,
    }


def describe_usage(user: User, usage: Usage) -> dict[str, Any]:
    """Return what a user takes and may take."""
    return {"username": user.username, **asdict(usage)}


def describe_plan(plan: Plan) -> dict[str, Any]:
    """Return what a download would fetch. For 100,000 files this takes half a second."""
    told = asdict(plan) | {"total_files": len(plan.files)}
    del told["begun"]  # `here_bytes` counts what these have
    return told


def describe_worker(worker: WorkerState) -> dict[str, Any]:
    """Return a process that moves bytes, and what it holds."""
    return {
        "id": worker.id,
        "host": worker.host,
        "pid": worker.pid,
        "alive": worker.is_alive,
        "started_at": format_time(worker.started_at),
        "last_seen_at": format_time(worker.last_seen_at),
        "concurrency": worker.concurrency,
        "version": worker.version,
        "downloads": [
            {"id": held.id, "repository": held.repository.name, "username": held.user.username}
            for held in worker.downloads
        ],
    }
