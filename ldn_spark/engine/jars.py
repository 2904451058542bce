"""What Spark needs beside its own jars: Delta's, and those of the stores that places name.

Naming jars that are there needs no network, and two sessions may start at once; Ivy, which fetches
them, allows neither. `$LDN_JARS` may name a folder of them, for machines without a way to Maven.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ldn_spark.places.stores import schemes_in_use

DELTA_PACKAGES = ("io.delta:delta-spark_4.2_2.13:4.4.0",)
DELTA_JARS = (
    "io.delta_delta-spark_4.2_2.13-4.4.0.jar",
    "io.delta_delta-storage-4.4.0.jar",
    "io.delta_delta-kernel-api-4.4.0.jar",
    "io.delta_delta-kernel-defaults-4.4.0.jar",
    "io.delta_delta-kernel-unitycatalog-4.4.0.jar",
    "io.unitycatalog_unitycatalog-client-0.6.0.jar",
    "io.unitycatalog_unitycatalog-hadoop-0.6.0.jar",
)
"""What Delta needs beside Spark's own jars, as Ivy names them."""
_SDK = "software.amazon.awssdk"
_SDK_VERSION = "2.35.4"
S3_PACKAGES = (
    "org.apache.hadoop:hadoop-aws:3.5.0",
    f"{_SDK}:s3:{_SDK_VERSION}",
    f"{_SDK}:s3-transfer-manager:{_SDK_VERSION}",
    f"{_SDK}:sts:{_SDK_VERSION}",
    "software.amazon.s3.analyticsaccelerator:analyticsaccelerator-s3:1.3.1",
)
_SDK_PARTS = (
    "annotations",
    "apache-client",
    "arns",
    "auth",
    "aws-core",
    "aws-query-protocol",
    "aws-xml-protocol",
    "checksums",
    "checksums-spi",
    "crt-core",
    "endpoints-spi",
    "http-auth",
    "http-auth-aws",
    "http-auth-aws-eventstream",
    "http-auth-spi",
    "http-client-spi",
    "identity-spi",
    "json-utils",
    "metrics-spi",
    "profiles",
    "protocol-core",
    "regions",
    "retries",
    "retries-spi",
    "s3",
    "s3-transfer-manager",
    "sdk-core",
    "sts",
    "third-party-jackson-core",
    "utils",
    "utils-lite",
)
S3_JARS = (
    "org.apache.hadoop_hadoop-aws-3.5.0.jar",
    "org.reactivestreams_reactive-streams-1.0.4.jar",
    "org.wildfly.openssl_wildfly-openssl-2.2.5.Final.jar",
    *(f"{_SDK}_{part}-{_SDK_VERSION}.jar" for part in _SDK_PARTS),
    "software.amazon.eventstream_eventstream-1.0.1.jar",
    "software.amazon.s3.analyticsaccelerator_analyticsaccelerator-s3-1.3.1.jar",
)
"""What Hadoop's S3 file system needs: 13 MB, where its `bundle` of all of AWS has 670."""
_NETTY = ("codec", "codec-base", "codec-http", "codec-http2", "transport", "common", "buffer")
_NETTY += ("handler", "resolver", "transport-native-unix-common", "transport-classes-epoll")
EXCLUDES = (
    f"{_SDK}:bundle",
    f"{_SDK}:netty-nio-client",
    *(f"io.netty:netty-{part}" for part in _NETTY),
    "org.slf4j:slf4j-api",
    "commons-codec:commons-codec",
    "commons-logging:commons-logging",
    "org.apache.httpcomponents:httpclient",
    "org.apache.httpcomponents:httpcore",
)
"""What Spark has itself, or nothing here asks for."""


def jar_settings(schemes: Iterable[str] | None = None) -> dict[str, str]:
    """The settings that name the jars, or have them fetched where they are not there yet.

    Args:
        schemes: of the places that are read and written; None for those of this process.
    """
    asked = schemes_in_use() if schemes is None else frozenset(schemes)
    names, packages = [*DELTA_JARS], [*DELTA_PACKAGES]
    if "s3" in asked:
        names += S3_JARS
        packages += S3_PACKAGES
    folder = Path(os.environ.get("LDN_JARS") or Path.home() / ".ivy2.5.2" / "jars")
    jars = [folder / name for name in names]
    if all(jar.is_file() for jar in jars):
        return {"spark.jars": ",".join(map(str, jars))}
    settings = {"spark.jars.packages": ",".join(packages)}
    return settings | ({"spark.jars.excludes": ",".join(EXCLUDES)} if "s3" in asked else {})


def store_settings(schemes: Iterable[str] | None = None) -> dict[str, str]:
    """How Spark's file systems are told of the stores, from what the AWS_* variables say.

    Keys are not among them: Spark hands the driver's AWS_ACCESS_KEY_ID and its like on itself.
    """
    asked = schemes_in_use() if schemes is None else frozenset(schemes)
    if "s3" not in asked:
        return {}
    prefix, of_s3a = "spark.hadoop.fs", {}
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        of_s3a = {
            "endpoint": endpoint,
            "path.style.access": "true",
            "connection.ssl.enabled": str(not endpoint.startswith("http://")).lower(),
        }
    if region := os.environ.get("AWS_REGION"):
        of_s3a["endpoint.region"] = region
    return {
        f"{prefix}.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        f"{prefix}.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
        **{f"{prefix}.s3a.{name}": text for name, text in of_s3a.items()},
    }
