"""The kinds of stores that URLs name: their libraries, their credentials, and what they refuse."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ldn_spark.errors import LdnSparkError, Problem, ResourceError


@dataclass(frozen=True, slots=True)
class Store:
    """A kind of store.

    Attributes:
        extra: what installs its library: `pip install 'ldn-spark[extra]'`.
        module: its library.
        container: what the first part of its URLs names.
        example: a URL.
        credentials: how it is told who asks.
        has_user: whether something may stand before an '@'.
        lists_from_memory: whether its library answers from an earlier listing if not told.
    """

    extra: str
    module: str
    container: str
    example: str
    credentials: str
    has_user: bool = False
    lists_from_memory: bool = False


_AWS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role of the machine"
STORES: Mapping[str, Store] = {
    "s3": Store("s3", "s3fs", "a bucket", "s3://bucket/lake", _AWS, lists_from_memory=True),
    "hdfs": Store(
        "hdfs",
        "hdfs_native",
        "a namenode or a name service",
        "hdfs://namenode:8020/lake",
        "HADOOP_CONF_DIR and a Kerberos ticket",
    ),
    "abfss": Store(
        "azure",
        "adlfs",
        "a container and an account",
        "abfss://container@account.dfs.core.windows.net/lake",
        "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or a managed identity",
        has_user=True,
        lists_from_memory=True,
    ),
    "gs": Store(
        "gcs",
        "gcsfs",
        "a bucket",
        "gs://bucket/lake",
        "GOOGLE_APPLICATION_CREDENTIALS, or a service account of the machine",
        lists_from_memory=True,
    ),
}
"""What is supported, by the scheme of its URLs."""
_OF_FILES = frozenset({"shared-credentials-file", "config-file", "sso", "assume-role", "process"})
"""How the AWS library finds credentials that the engines' own libraries would not find."""
_PREFIXES = ("AWS_", "AZURE_STORAGE_", "GOOGLE_APPLICATION_CREDENTIALS")
_NO_CREDENTIALS = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "ProfileNotFound",
        "DefaultCredentialsError",
        "ClientAuthenticationError",
    }
)
_UNREACHED = frozenset(
    {
        "EndpointConnectionError",
        "ConnectTimeoutError",
        "ClientConnectorError",
        "ClientConnectorDNSError",
        "ConnectionError",
        "ServiceRequestError",
    }
)
_asked: set[str] = set()


def scheme_of(place: object) -> str:
    """The scheme of a place; empty for a path of this machine."""
    scheme, separator, _ = str(place).partition("://")
    return scheme if separator else ""


def schemes_in_use() -> frozenset[str]:
    """The schemes of the places that this process was told to read or write."""
    return frozenset(_asked)


def prepare_stores(places: Iterable[object]) -> None:
    """See that every library that reaches the stores of some places is told alike where they are.

    Python's, Sail's and deltalake's libraries read different names of the same settings.
    """
    _asked.update(scheme for place in places if (scheme := scheme_of(place)))
    if "s3" not in _asked:
        return
    settings = os.environ
    named = settings.get("AWS_ENDPOINT_URL_S3") or settings.get("AWS_ENDPOINT_URL")
    if endpoint := named or settings.get("AWS_ENDPOINT"):
        settings["AWS_ENDPOINT_URL"] = settings["AWS_ENDPOINT"] = endpoint
        if endpoint.startswith("http://"):
            settings["AWS_ALLOW_HTTP"] = "true"
    region = settings.get("AWS_REGION") or settings.get("AWS_DEFAULT_REGION")
    if region := region or ("us-east-1" if endpoint else None):
        settings["AWS_REGION"] = settings["AWS_DEFAULT_REGION"] = region
    if "AWS_ACCESS_KEY_ID" not in settings:
        _take_over_profile()


def _take_over_profile() -> None:
    """Put the credentials of a profile where every library looks for them."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    try:
        found = get_session().get_credentials()
        if found is None or not any(way in found.method for way in _OF_FILES):
            return
        keys = found.get_frozen_credentials()
    except BotoCoreError:
        return  # it is told when the store is asked
    os.environ["AWS_ACCESS_KEY_ID"] = keys.access_key
    os.environ["AWS_SECRET_ACCESS_KEY"] = keys.secret_key
    if keys.token:
        os.environ["AWS_SESSION_TOKEN"] = keys.token


def settings_for_tasks() -> dict[str, str]:
    """What tasks on other machines are told of the stores; nothing where no place is a URL."""
    if not _asked:
        return {}
    return {name: text for name, text in os.environ.items() if name.startswith(_PREFIXES)}


def take_over(settings: Mapping[str, str]) -> None:
    """Take over, in a task, what the driver was told; what the machine knows by itself stays."""
    for name, text in settings.items():
        os.environ.setdefault(name, text)


@contextmanager
def told_of_stores(where: str) -> Iterator[None]:
    """Turn what a store's library raises into one sentence.

    Raises:
        ResourceError: no credentials, no right, no bucket, or no way to the store.
    """
    try:
        yield
    except LdnSparkError:
        raise
    except Exception as error:
        told = store_fault(where, error)
        if told is None:
            raise
        raise ResourceError(told) from error


def require_stores(places: Iterable[Any]) -> None:
    """Say before the work that a store is not there, or does not know us.

    Raises:
        ResourceError: no credentials, no right, no bucket, or no way to the store.
    """
    for place in places:
        if not (scheme := scheme_of(place)):
            continue
        container = place.parents[-1] if place.parents else place
        with told_of_stores(str(place)):
            is_there = place.exists() or container.exists() or scheme == "hdfs"
        if not is_there:
            what = f"there is no such {STORES[scheme].container.split()[-1]}"
            raise ResourceError(Problem(str(place), what, "make it, or check its name"))


def store_fault(where: str, error: BaseException) -> Problem | None:
    """What a store refused, in words; None where it is no store's word."""
    names = {kind.__name__ for kind in type(error).__mro__}
    store = STORES.get(scheme_of(where))
    said = str(error)
    if names & _NO_CREDENTIALS or "Unable to locate credentials" in said:
        mend = f"set {store.credentials}" if store else ""
        return Problem(where, "there are no credentials for it", mend)
    if store is None:
        return None
    if isinstance(error, PermissionError):
        return Problem(where, "the store refuses it", f"check the rights, and {store.credentials}")
    if "bucket does not exist" in said or "NoSuchBucket" in said:
        return Problem(where, f"there is no such {store.container.split()[-1]}", "check its name")
    if names & _UNREACHED or "Connection refused" in said or "Connect call failed" in said:
        return Problem(where, "the store cannot be reached", "check the address and the network")
    return None
