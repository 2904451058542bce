"""Studies on a cluster of this machine: two workers, faults, and the bytes of the embedded engine.

    python benchmarks/cluster.py DELIVERY [--only NAME ...]

The cluster is Spark's own, from the pip package, on the loopback address, with a secret. Every case
prints what it took and `ok`, or what was found instead; the exit code is the number of failures.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
STUDY = "ldn_2013"
_PORT, _STORE_PORT, _BUCKET = 17077, 17078, "registry"
_STAGES = ("checking the codes", "finding the cohort", "measuring outcomes")
"""What a study says when a stage is done and the next begins."""
_NOT_COMPARED = {"manifest.json"}


@dataclass(frozen=True)
class Cluster:
    """A standalone cluster.

    Attributes:
        master: its URL.
        folder: logs and work folders.
        secret: the file with its secret.
        environment: what a submission is run with.
    """

    master: str
    folder: Path
    secret: Path
    environment: dict[str, str]

    def submit(self, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        """A submission under way."""
        command = [PROJECT / "scripts" / "submit.sh", "--master", self.master, *arguments]
        return subprocess.Popen(
            [*map(str, command)],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # spark-submit puts what Python says of errors there too
            text=True,
            cwd=environment.get("PWD") or self.folder,
        )

    def executors(self) -> list[int]:
        """The processes of all executors."""
        found = processes("CoarseGrainedExecutorBackend")
        return [pid for pid in found if str(self.folder) in _command(pid)]


def processes(text: str) -> list[int]:
    """The processes whose command line holds a text."""
    here = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in here if text in _command(pid)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@contextmanager
def standalone(folder: Path, *, memory: str = "1500m") -> Iterator[Cluster]:
    """A master and two workers of one core each; ended at the end."""
    import pyspark

    home = Path(pyspark.__file__).parent
    secret = folder / "secret"
    secret.write_text(secrets.token_hex(16), encoding="ascii")
    secret.chmod(0o600)
    (folder / "conf").mkdir()
    (folder / "conf" / "spark-defaults.conf").write_text(
        f"spark.authenticate true\nspark.authenticate.secret {secret.read_text()}\n"
        "spark.network.crypto.enabled true\nspark.ui.enabled false\n"
        "spark.master.ui.enabled false\nspark.master.rest.enabled false\n"
    )
    daemons = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(folder / "conf"),
        "SPARK_NO_DAEMONIZE": "1",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
    }
    master = f"spark://127.0.0.1:{_PORT}"
    place = ["--host", "127.0.0.1", "--port", str(_PORT), "--webui-port", "18080"]
    begun = [_daemon(home, daemons, folder / "master", "master.Master", *place)]
    try:
        time.sleep(4)
        for number in (1, 2):
            work = folder / f"worker{number}"
            size = ["--cores", "1", "--memory", memory, "--webui-port", str(18080 + number)]
            at = ["--host", "127.0.0.1", "--work-dir", str(work / "work")]
            begun.append(_daemon(home, daemons, work, "worker.Worker", *at, *size, master))
        logs = [folder / f"worker{number}" / "log" for number in (1, 2)]
        try:
            _await(lambda: all(map(_registered, logs)), 240)
        except TimeoutError:
            raise TimeoutError("\n".join(log.read_text()[-3000:] for log in logs)) from None
        submissions = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
        submissions |= {"PYSPARK_PYTHON": sys.executable, "LDN_SPARK_SECRET_FILE": str(secret)}
        yield Cluster(master, folder, secret, submissions)
    finally:
        for daemon in reversed(begun):
            daemon.terminate()
        for daemon in begun:
            daemon.wait(30)


def _daemon(
    home: Path, environment: dict[str, str], folder: Path, name: str, *arguments: str
) -> subprocess.Popen[bytes]:
    folder.mkdir()
    with (folder / "log").open("wb") as log:
        command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", *arguments]
        return subprocess.Popen(
            [*map(str, command)], env=environment, cwd=folder, stdout=log, stderr=log
        )


def _registered(log: Path) -> bool:
    return "Successfully registered with master" in log.read_text(errors="replace")


def _await(holds: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.2)


def contents(run: Path) -> dict[str, bytes]:
    """Name: bytes of every result file but the manifest, which holds times."""
    files = (path for path in run.rglob("*") if path.is_file())
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in files
        if path.name not in _NOT_COMPARED
    }


class Case:
    """What every case has: the cluster, a lake made by the embedded engine, and its results."""

    def __init__(self, cluster: Cluster, delivery: Path, root: Path) -> None:
        self.cluster, self.delivery, self.root = cluster, delivery, root
        self.lake, self.out = root / "lake", root / "out"
        self._ldn("ingest", delivery, "--lake", self.lake)
        done = self._ldn("run", STUDY, "--lake", self.lake, "--out", self.out)
        self.wanted = contents(Path(done.splitlines()[-1]))

    def _ldn(self, *arguments: str | Path) -> str:
        main = "from ldn_spark.cli import main; main()"
        command = [sys.executable, "-c", main, *map(str, arguments), "--engine", "sail"]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def _study(self, name: str, *further: str, **environment: str) -> subprocess.Popen[str]:
        of_job = [STUDY, "--lake", self.lake, "--out", self.root / name]
        return self.cluster.submit(*further, *of_job, **environment)

    def _same(self, done: str) -> str:
        folders = [line for line in done.splitlines() if f"/{STUDY}/2" in line]
        return self._differing(contents(self.root / folders[-1]))

    def study(self) -> str:
        """A study has the bytes of the embedded engine."""
        out, _ = (run := self._study("study")).communicate(timeout=600)
        return self._same(out) if run.returncode == 0 else out[-1500:]

    def relative(self) -> str:
        """Relative paths, an ingest and a study."""
        (self.root / "delivery").symlink_to(self.delivery)
        here = {"PWD": str(self.root)}
        ingest = ["--job", "ingest", "delivery", "--lake", "here"]
        run = self.cluster.submit(*ingest, **here)
        out, _ = run.communicate(timeout=900)
        if run.returncode:
            return out[-1500:]
        study = [STUDY, "--lake", "here", "--out", "relative"]
        out, _ = (run := self.cluster.submit(*study, **here)).communicate(timeout=600)
        return self._same(out) if run.returncode == 0 else out[-1500:]

    def executor_killed(self) -> str:
        """F1: an executor is killed after the check, the cohort, the measuring; the same bytes."""
        found = [self._killed(told) for told in _STAGES]
        return "; ".join(filter(None, found))

    def executors_killed(self) -> str:
        """F2: all executors are killed after the cohort is found; the same bytes."""
        return self._killed("finding the cohort", how_many=2)

    def _killed(self, after: str, how_many: int = 1) -> str:
        """A study whose executors are killed when it has said a text."""
        run = self._study(f"killed-{how_many}-{after.replace(' ', '-')}")
        told = _until_told(run, after)
        _await(lambda: bool(self.cluster.executors()), 60)
        for executor in self.cluster.executors()[:how_many]:
            os.kill(executor, signal.SIGKILL)
        out, _ = run.communicate(timeout=900)
        return self._same(out) if run.returncode == 0 else told + out[-1500:]

    def executor_killed_in_ingest(self) -> str:
        """F1: an executor is killed while lines are written; the lake gives the same bytes."""
        lake = self.root / "killed-lake"
        run = self.cluster.submit("--job", "ingest", self.delivery, "--lake", lake)
        told = _until_told(run, "parsing lines")
        _await(lambda: bool(self.cluster.executors()), 60)
        os.kill(self.cluster.executors()[0], signal.SIGKILL)
        out, _ = run.communicate(timeout=900)
        return self._same_of(lake) if run.returncode == 0 else told + out[-1500:]

    def driver_killed(self) -> str:
        """F3: the driver is killed; no run is visible, and a rerun has the same bytes."""
        run = self._study("driver")
        _until_told(run, "finding the cohort")
        for driver in _drivers(self.root / "driver"):
            os.kill(driver, signal.SIGKILL)
        out, _ = run.communicate(timeout=120)
        _await(lambda: not self.cluster.executors(), 60)
        visible = list((self.root / "driver").glob("*/2*/manifest.json"))
        if run.returncode == 0 or visible:
            return f"rc {run.returncode}, visible {visible}: {out[-800:]}"
        again, _ = (run := self._study("driver")).communicate(timeout=900)
        return self._same(again) if run.returncode == 0 else again[-1500:]

    def two_at_once(self) -> str:
        """F5, F6: of two ingests into a lake one ends with 20 or takes nothing in; two studies."""
        lake = self.root / "shared-lake"
        half = ["--conf", "spark.cores.max=1", "--conf", "spark.executor.instances=1"]
        ingest = [*half, "--job", "ingest", self.delivery, "--lake", lake]
        both = [self.cluster.submit(*ingest) for _ in range(2)]
        said = [run.communicate(timeout=900)[0] for run in both]
        codes = sorted(run.returncode for run in both)
        if codes not in ([0, 20], [0, 0]):
            return f"ingests: {codes}: {said[0][-700:]} {said[1][-700:]}"
        both = [self._study(f"both{number}", *half) for number in range(2)]
        said = [run.communicate(timeout=900)[0] for run in both]
        if any(run.returncode for run in both):
            return said[0][-700:] + said[1][-700:]
        return "; ".join(filter(None, [self._same_of(lake), *map(self._same, said)]))

    def time_zones(self) -> str:
        """F12: driver and executors live in other time zones; the same bytes."""
        far = ["--conf", "spark.executorEnv.TZ=America/Los_Angeles"]
        run = self._study("zones", *far, TZ="Pacific/Auckland")
        out, _ = run.communicate(timeout=900)
        return self._same(out) if run.returncode == 0 else out[-1500:]

    def store(self) -> str:
        """Ingest and study in an object store, where the executors lay aside too; same bytes."""
        with _object_store(self.root) as environment:
            bucket = f"s3://{_BUCKET}"
            ingest = ["--job", "ingest", self.delivery, "--lake", f"{bucket}/lake"]
            out, _ = (run := self.cluster.submit(*ingest, **environment)).communicate(timeout=900)
            if run.returncode:
                return out[-1500:]
            of_job = [STUDY, "--lake", f"{bucket}/lake", "--out", f"{bucket}/out"]
            out, _ = (run := self.cluster.submit(*of_job, **environment)).communicate(timeout=900)
            if run.returncode:
                return out[-1500:]
            (place,) = [line for line in out.splitlines() if f"/{STUDY}/2" in line][-1:]
            return self._differing(_in_store(place, environment))

    def nothing_told(self) -> str:
        """F16: no pseudonym of the delivery stands in any log of master, workers or executors."""
        with next(self.delivery.glob("dispensings_*.txt")).open("rb") as file:
            pseudonyms = {line.split(b";")[0] for line in list(file)[1:2000]}
        logs = [path for path in self.cluster.folder.rglob("*") if path.is_file()]
        telling = [
            str(path) for path in logs if any(one in path.read_bytes() for one in pseudonyms)
        ]
        return f"pseudonyms in {telling}" if telling or len(pseudonyms) < 20 else ""

    def _same_of(self, lake: Path) -> str:
        """What a study of another lake, by the embedded engine, differs in."""
        out = self._ldn("run", STUDY, "--lake", lake, "--out", self.root / "of-lake", "--again")
        return self._differing(contents(Path(out.splitlines()[-1])))

    def _differing(self, found: dict[str, bytes]) -> str:
        differ = sorted(k for k in {*found, *self.wanted} if found.get(k) != self.wanted.get(k))
        return f"differ: {differ}" if differ else ""

    def terminated(self) -> str:
        """F4: SIGTERM to submit.sh; driver and executors are gone, a rerun is not hindered."""
        run = self._study("terminated")
        _until_told(run, "finding the cohort")
        began = time.monotonic()
        run.send_signal(signal.SIGTERM)
        out, _ = run.communicate(timeout=60)
        took = time.monotonic() - began
        left = [pid for pid in processes(str(self.root / "terminated")) if pid != os.getpid()]
        time.sleep(1)
        if run.returncode != 143 or left or self.cluster.executors() or took > 30:
            return f"rc {run.returncode}, {took:.0f} s, left {left}: {out[-800:]}"
        visible = list((self.root / "terminated").glob("*/2*/manifest.json"))
        return f"a run is visible: {visible}" if visible else ""

    def no_secret(self) -> str:
        """A missing secret is one sentence, at once."""
        began = time.monotonic()
        out, _ = (run := self._study("no_secret", LDN_SPARK_SECRET_FILE="")).communicate(timeout=60)
        named = "LDN_SPARK_SECRET_FILE" in out and len(out.splitlines()) == 1
        return "" if run.returncode == 2 and named and time.monotonic() - began < 5 else out

    def too_large(self) -> str:
        """Executors that no worker can hold: 30, naming what was asked for."""
        asked = ["--conf", "spark.executor.memory=8g", "--conf", "spark.ldn.executorSeconds=10"]
        out, _ = (run := self._study("too_large", *asked)).communicate(timeout=180)
        return "" if run.returncode == 30 and "spark.executor.memory=8g" in out else out[-1500:]


CASES = (
    "study",
    "executor_killed",
    "executors_killed",
    "executor_killed_in_ingest",
    "driver_killed",
    "terminated",
    "two_at_once",
    "time_zones",
    "store",
    "no_secret",
    "too_large",
    "relative",
    "nothing_told",
)


def _drivers(out: Path) -> list[int]:
    """The processes of Python that run a job whose results go to a folder."""
    found = processes(str(out))
    return [
        pid for pid in found if "jobs/study.py" in _command(pid) and "java" not in _command(pid)
    ]


@contextmanager
def _object_store(folder: Path) -> Iterator[dict[str, str]]:
    """An emulator of S3 with a bucket, and what tells every library of it."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(_STORE_PORT)]
    with (folder / "store.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{_STORE_PORT}"
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "eu-north-1",
        "AWS_ACCESS_KEY_ID": "invented",
        "AWS_SECRET_ACCESS_KEY": "invented",
        "AWS_ALLOW_HTTP": "true",
    }
    try:
        _await(lambda: _makes_bucket(url), 60)
        yield environment
    finally:
        server.terminate()
        server.wait(30)


def _makes_bucket(url: str) -> bool:
    request = urllib.request.Request(f"{url}/{_BUCKET}", method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=5):
            return True
    except OSError:
        return False


def _in_store(place: str, environment: dict[str, str]) -> dict[str, bytes]:
    """Name: bytes of every result file below a place in the store but the manifest."""
    import s3fs

    store = s3fs.S3FileSystem(
        key=environment["AWS_ACCESS_KEY_ID"],
        secret=environment["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
    )
    home = place.removeprefix("s3://").rstrip("/")
    names = {name: name.removeprefix(f"{home}/") for name in store.find(home)}
    return {
        short: store.cat_file(name) for name, short in names.items() if short not in _NOT_COMPARED
    }


def _until_told(run: subprocess.Popen[str], text: str) -> str:
    """What a submission says until it says a text."""
    told = ""
    while line := run.stdout.readline():
        told += line
        if text in line:
            break
    return told


def main() -> int:
    """Run the cases; how many failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("delivery", type=Path)
    parser.add_argument("--only", nargs="*", default=CASES, choices=CASES)
    asked = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="ldn-cluster-") as name:
        root = Path(name)
        (root / "cluster").mkdir()
        with standalone(root / "cluster") as cluster:
            case = Case(cluster, asked.delivery.resolve(), root)
            for one in asked.only:
                began = time.monotonic()
                found = getattr(case, one)()
                failed += bool(found)
                print(f"{one}: {time.monotonic() - began:.0f} s, {found or 'ok'}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
