"""A nightly ingest and study on Airflow: the exit codes decide what is tried again.

Copy it into the folder of the DAGs and set the names.
"""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta

from airflow.exceptions import AirflowException, AirflowFailException
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

PROJECT = "/opt/ldn"
MASTER = ["--master", "yarn", "--deploy-mode", "cluster"]
LAKE = "s3://registry/lake"
OUT = "s3://registry/results"
DELIVERY = "s3://registry/incoming"
INGEST = ["--job", "ingest", DELIVERY, "--source", "norpd", "--lake", LAKE]
STUDY = ["ldn_2013", "--lake", LAKE, "--out", OUT, "--drift", "nightly"]
TRY_AGAIN = {20, 30, 40}
"""Another process was faster; out of memory or disk; the engine failed."""


def submit(*arguments: str) -> None:
    """Run a job; a task that is cleared hands its signal on, which ends driver and executors."""
    command = [f"{PROJECT}/scripts/submit.sh", *MASTER, *arguments, "--log-format", "json"]
    process = subprocess.Popen(command)
    try:
        code = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
    if code in TRY_AGAIN:
        raise AirflowException(f"exit code {code}: another try may do")
    if code:
        raise AirflowFailException(f"exit code {code}: another try would say the same")


with DAG(
    "ldn_nightly",
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(hours=6),
    },
) as dag:
    ingest = PythonOperator(task_id="ingest", python_callable=submit, op_args=INGEST)
    study = PythonOperator(task_id="ldn_2013", python_callable=submit, op_args=STUDY)
    ingest >> study
