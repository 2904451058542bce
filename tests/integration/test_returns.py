"""Returned packages on the way from the delivered lines to the cohort and to what a run says."""

from __future__ import annotations

import json

import pytest

from ldn_spark import schemas
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.engine import collect
from ldn_spark.ingest.ingest import ingest
from ldn_spark.lake.run_tables import read_run_table
from ldn_spark.lake.versions import Lake
from ldn_spark.runs.batch import Batch
from ldn_spark.runs.pipeline import run_study
from ldn_spark.runs.run import Run
from ldn_spark.runs.steps import check_stage, cohort_stage
from ldn_spark.study.ids import STUDY
from ldn_spark.study.load import load_study

pytestmark = pytest.mark.nightly("spark")

LINES = """\
pseudonym,dispensed_on,atc,ddd,product_number
zz,2012-01-01,N05BA01,10,123456
ret1,2013-05-01,N07BB04,30,000971
ret1,2013-05-03,N07BB04,-30,000971
ret2,2012-12-28,N07BB04,30,000971
ret2,2013-01-03,N07BB04,-30,000971
ok1,2013-02-01,N07BB04,30,000971
ok1,2013-06-01,N07BB04,30,000971
ok1,2013-07-01,N05BA01,10,123456
ok1,2013-07-02,N05BA01,-10,123456
ok1,2013-07-02,N05BA01,-10,654321
zz,2014-12-31,N05BA01,10,123456
"""


def lake_of(spark, folder, text):
    (folder / "dispensings.csv").write_text(text)
    ingest(spark, folder / "lake", [folder / "dispensings.csv"], load_source("canonical"))
    return Lake(spark, folder / "lake")


def study_of(folder, returns):
    study = load_study("ldn_2013").path.read_text(encoding="utf-8")
    changed = study.replace("returns: cancel", f"returns: {returns}", 1).replace(
        "may_be_empty: false", "may_be_empty: true"
    )
    path, products = folder / f"{returns}.yaml", folder / "products.txt"
    path.write_text(changed, encoding="utf-8")
    products.write_text("000971\n")
    return load_study(str(path), {"ldn_products": products})


def test_bought_and_returned_is_no_start(spark, tmp_path):
    lake = lake_of(spark, tmp_path, LINES)
    assert lake.version().may_hold_returns
    folder = run_study(
        spark, study_of(tmp_path, "cancel"), lake.root, tmp_path / "out", engine="test"
    )
    tables = lake.root / "runs" / folder.name
    cohort = collect.rows(read_run_table(spark, tables, schemas.COHORT))
    assert [(row["stratum"], row["exposure_dispenses"]) for row in cohort] == [("LDNx2-3", 2)]
    said = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["warnings"]
    of_returns = [text for text in said if text.startswith("returns: ")]
    assert of_returns == [
        "returns: 2 of 6 lines of LDN are returns (`returns: cancel`): what a return takes back "
        "was found wholly for 2, in part for 0 and not at all for 0; what is not found is left out",
        "returns: 2 lines of the examined medicines in the cohort's windows are returns "
        "(`returns: cancel`); for 1 not all was found that a return takes back",
    ]
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "2 of 6 lines of LDN are returns" in report


def checked(batch):
    (found,) = check_stage(batch)
    return found


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize(("returns", "persons"), [("no_dispense", 2), ("as_dispense", 3)])
def test_the_other_choices(spark, tmp_path, returns, persons):
    lake = lake_of(spark, tmp_path, LINES)
    run = Run(spark, study_of(tmp_path, returns), lake, lake.version(), "a-run")
    batch = Batch.of(spark, [run])
    (warning,) = [one.what for one in checked(batch).warnings if one.where == "returns"]
    assert warning.startswith(f"2 of 6 lines of LDN are returns (`returns: {returns}`): a return ")
    (cohorts,) = cohort_stage(batch)
    assert cohorts[STUDY][-1].number_subjects == persons


@pytest.mark.only_engine("sail")
def test_an_exposure_of_which_all_was_returned(spark, tmp_path):
    kept = [line for line in LINES.splitlines() if not line.startswith("ok1")]
    lake = lake_of(spark, tmp_path, "\n".join(kept) + "\n")
    run = Run(spark, study_of(tmp_path, "cancel"), lake, lake.version(), "a-run")
    with pytest.raises(Exception, match="nothing is left of the 3 lines from 2013-01-01") as caught:
        checked(Batch.of(spark, [run])).require_no_problem()
    assert caught.value.exit_code == 12


@pytest.mark.only_engine("sail")
def test_a_lake_without_returns_is_read_as_before(spark, tmp_path):
    kept = [line for line in LINES.splitlines() if ",-" not in line]
    lake = lake_of(spark, tmp_path, "\n".join(kept) + "\n")
    run = Run(spark, study_of(tmp_path, "cancel"), lake, lake.version(), "a-run")
    assert (run.version.may_hold_returns, run.returns) == (False, "as_dispense")
    assert [one for one in checked(Batch.of(spark, [run])).warnings if one.where == "returns"] == []
