"""Small registers as DataFrames, and small studies, for the tests of the transforms."""

from __future__ import annotations

import pyarrow as pa

from ldn_spark import schemas
from ldn_spark.study.atc.translation import UNTRANSLATED
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.load import Study
from ldn_spark.study.sets import StudySet
from ldn_spark.texts.documents import conf_folder, read_document
from ldn_spark.transforms import in_order

_PARTITIONS = 3


def study_like(products=("971001", "971002"), **changes) -> Study:
    """The study `ldn_2013` with top-level parts replaced, as a study file would say them."""
    original = read_document(conf_folder() / "studies" / "ldn_2013.yaml", StudyDefinition)
    content = original.model_dump(mode="json", by_alias=True, exclude_none=False)
    content.update(changes)
    if products is None:
        content["exposure"] = {**content["exposure"], "products": None}
    definition = StudyDefinition.model_validate(content)
    lists = {} if products is None else {definition.exposure.products: _Codes(tuple(products))}
    return Study(definition, lists, conf_folder(), "hash")


class _Codes:
    def __init__(self, codes):
        self.codes = codes


def exposure_with(**index_event):
    """The exposure of `ldn_2013` with another index rule."""
    event = {
        "first": "2013-01-01",
        "last": "2013-12-31",
        "rule": "first_in_period",
        "washout_days": "none",
    }
    return {
        "name": "low dose naltrexone",
        "abbreviation": "LDN",
        "atc": ["N07BB04"],
        "products": "ldn_products",
        "index_event": event | index_event,
    }


def strata_with(**changes):
    """The strata of `ldn_2013` with other rules."""
    strata = {
        "counting_window": [0, 364],
        "index_dispense": "counted",
        "same_day": "each_dispense",
        "levels": [
            {"id": "LDNx1", "label": "LDN×1", "at_least": 1, "at_most": 1},
            {"id": "LDNx2-3", "label": "LDN×2–3", "at_least": 2, "at_most": 3},
            {"id": "LDNx4+", "label": "LDN×4+", "at_least": 4, "at_most": None},
        ],
    }
    return strata | changes


def frame(spark, table: schemas.Table, rows: list[dict]):
    """Rows as a DataFrame of a table's schema, scattered so that order dependence shows.

    Rows that name no set are of the first.
    """
    kinds = {
        "bigint": pa.int64(),
        "int": pa.int32(),
        "string": pa.string(),
        "date": pa.date32(),
        "boolean": pa.bool_(),
        "decimal(18,6)": pa.decimal128(18, 6),
        "array<string>": pa.list_(pa.string()),
    }
    schema = pa.schema([(name, kinds[kind]) for name, kind in table.columns])
    filled = [{name: ({"set": 0} | row).get(name) for name in table.names} for row in rows]
    if not filled:
        return spark.createDataFrame([], table.ddl)
    arrow = pa.Table.from_pylist(filled, schema=schema)
    key = "person_key" if "person_key" in table.names else table.names[0]
    return spark.createDataFrame(arrow).repartition(_PARTITIONS, key)


def dispensings(spark, rows):
    """A `dispensings` frame."""
    return frame(spark, schemas.DISPENSINGS, rows)


def one_set(study, translation=UNTRANSLATED, returns=None):
    """A study as the only cohort of a run; it reads returns as it says if nothing else is said."""
    return [StudySet(0, study, translation, returns or study.definition.returns)]


def find_candidates(
    study,
    dispensings,
    persons,
    translation=UNTRANSLATED,
    returns=None,
    periods=None,
    undelivered=(),
):
    """The candidates of a registry that is small enough to look at twice."""
    sets = one_set(study, translation, returns)
    tables = {
        schemas.DISPENSINGS: dispensings,
        schemas.PERSONS: persons,
        schemas.OBSERVATION_PERIODS: periods,
    }
    events = in_order.find_index_events(sets, dispensings)
    return in_order.find_candidates(sets, events, tables.__getitem__, undelivered)


def measure(study, dispensings, cohort, translation=UNTRANSLATED, returns=None):
    """The cohort's dispensings."""
    return in_order.measure(one_set(study, translation, returns), dispensings, cohort)


def find_cohort(study, candidates):
    """The persons of the study."""
    return in_order.find_cohort(one_set(study), candidates)


def sum_outcomes(study, cut):
    """DDDs and dispenses per person and outcome."""
    return in_order.sum_outcomes(one_set(study), cut)


def persons(spark, attributes: dict[int, dict]):
    """A `persons` frame."""
    return frame(
        spark, schemas.PERSONS, [{"person_key": key, **row} for key, row in attributes.items()]
    )
