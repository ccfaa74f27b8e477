"""Trains every night on YARN; a run that has finished ends at once.

Needs apache-airflow-providers-apache-spark. The project is at ERAT, with the job's jar built (mvn -B package).
"""

import re
from datetime import datetime, timedelta
from pathlib import Path

from airflow import DAG
from airflow.exceptions import AirflowException, AirflowFailException
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

ERAT = Path("/opt/erat")


def properties(name):
    """Spark properties of a file in conf/: a property a line, name and value."""
    lines = (ERAT / "conf" / name).read_text().splitlines()
    return dict(line.split(None, 1) for line in lines if line.strip() and not line.startswith("#"))


class EratOperator(SparkSubmitOperator):
    """Fails for good where trying again cannot help: 2 configuration, 3 data or model, 4 diverged.

    5 (interrupted: the same command goes on) and 1 (anything else) are tried again, as `retries` says.
    """

    def execute(self, context):
        try:
            return super().execute(context)
        except AirflowException as failure:
            code = re.search(r"Error code is: ([234])\b", str(failure))
            if code:
                raise AirflowFailException(f"exit code {code[1]}: trying again cannot help") from failure
            raise


with DAG(
    dag_id="erat_sst2",
    start_date=datetime(2025, 1, 1),
    schedule="30 1 * * *",
    catchup=False,
    max_active_runs=1,
):
    EratOperator(
        task_id="train",
        # A connection to YARN. In client mode, here, the exit code is the job's own.
        conn_id="spark_yarn",
        deploy_mode="client",
        application=str(next(ERAT.glob("spark-job/target/spark-job-*-all.jar"), ERAT / "erat.jar")),
        java_class="org.erat.cli.Main",
        # Names of files and arguments keep letters beyond ASCII, here and in Spark's processes.
        env_vars={"LC_ALL": "C.UTF-8"},
        conf={**properties("spark-defaults.conf"), **properties("spark-yarn.conf")},
        application_args=[
            "train",
            "--conf",
            str(ERAT / "conf/glue.conf"),
            "--set",
            "model.path=hdfs:///models/bert-base",
            "--set",
            "data.train=hdfs:///data/sst2",
            "--run-dir",
            "hdfs:///runs/sst2",
        ],
        retries=5,
        retry_delay=timedelta(minutes=1),
    )
