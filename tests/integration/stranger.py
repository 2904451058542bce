"""Another user of the machine, who tries to use an engine as soon as it listens.

Run as a program with the number of a user. It makes a network that its parent can enter, so that
nobody but the parent's processes is tried, becomes that user, looks for sockets that listen on
127.0.0.1, and asks whoever listens there for its version, as a Spark Connect client would. It says
`ready`, then `tried PORT` and `answered PORT`, until it is killed.
"""

from __future__ import annotations

import os
import sys
import time

from ldn_spark.engine.own_network import leave_network

SECONDS_PER_TRY = 0.3


def listening() -> set[int]:
    """The ports on which anybody listens on the loopback interface."""
    with open("/proc/net/tcp", encoding="utf-8") as table:
        next(table)
        rows = [line.split(maxsplit=4) for line in table]
    return {int(row[1][9:], 16) for row in rows if row[3] == "0A" and row[1].startswith("0100007F")}


def answers(port: int) -> bool:
    """Whether an engine answers us there."""
    import grpc
    from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc

    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        stub = base_pb2_grpc.SparkConnectServiceStub(channel)
        request = base_pb2.AnalyzePlanRequest(
            session_id="00112233-4455-6677-8899-aabbccddeeff",
            spark_version=base_pb2.AnalyzePlanRequest.SparkVersion(),
        )
        try:
            stub.AnalyzePlan(request, timeout=SECONDS_PER_TRY)
        except grpc.RpcError as error:
            return error.code() not in (
                grpc.StatusCode.DEADLINE_EXCEEDED,
                grpc.StatusCode.UNAVAILABLE,
            )
    return True


def main() -> None:
    """Try every port that was not there at the beginning, again and again."""
    assert leave_network()  # before anything that starts threads is loaded
    answers(0)  # loads what can be read as root alone
    os.setgroups([])
    os.setgid(int(sys.argv[1]))
    os.setuid(int(sys.argv[1]))
    known, tried = listening(), set()
    print("ready", flush=True)
    while True:
        for port in listening() - known:
            if port not in tried:
                tried.add(port)
                print("tried", port, flush=True)
            if answers(port):
                print("answered", port, flush=True)
        time.sleep(0.0005)


if __name__ == "__main__":
    main()
