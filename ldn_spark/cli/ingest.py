"""`ldn ingest`: a delivery taken into the lake."""

from __future__ import annotations

from ldn_spark.cli.beginning import begin_in_lake
from ldn_spark.cli.named_files import named_files
from ldn_spark.cli.options import (
    Delivery,
    Engine,
    LakeFolder,
    LogFormat,
    Lookups,
    MaxRejectedShare,
    Memory,
    Replaces,
    ShareGroup,
    SourceName,
)
from ldn_spark.cli.reporters import progress_shown


def ingest(
    delivery: Delivery,
    lake: LakeFolder,
    source: SourceName,
    max_rejected_share: MaxRejectedShare,
    lookup: Lookups,
    replaces: Replaces,
    memory: Memory,
    share_group: ShareGroup,
    engine: Engine,
    log_format: LogFormat,
) -> None:
    """Take a delivery into the lake; every line ends as accepted or as rejected with a reason."""
    name = begin_in_lake(engine, lake, *delivery, share_group=share_group)

    from ldn_spark.cli.views import show_ingest
    from ldn_spark.delivery.source.sources import load_source
    from ldn_spark.engine.sessions import opening_engine
    from ldn_spark.ingest.ingest import MAX_REJECTED_SHARE
    from ldn_spark.ingest.ingest import ingest as take_in

    layout = load_source(source)
    share = MAX_REJECTED_SHARE if max_rejected_share is None else max_rejected_share
    with progress_shown(log_format), opening_engine(name) as session:
        done = take_in(
            session,
            lake,
            delivery,
            layout,
            max_rejected_share=share,
            lookups=named_files(lookup, "--lookup"),
            replaces=replaces or (),
            memory=int(memory * (1 << 30)),
        )
    show_ingest(done)
