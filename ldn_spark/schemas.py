"""Every table of the lake once: columns as DDL, grain, layout.

The ingest checks, the writer, the generator and the documentation read these same definitions.

Units: `ddd` are defined daily doses, exact to six decimals; `*_micro` are millionths of a DDD as
integers, so that sums are exact on every engine. `day` is counted from the index date, day 0.
"""

from __future__ import annotations

from dataclasses import dataclass

MICRO = 1_000_000
"""Units of `*_micro` in one DDD."""
HUGE_DDD = 10_000
"""A line of more DDDs, 27 years of one drug, is accepted and pointed out."""
SEXES = ("F", "M")
"""They are numbered while they are compared: engines compare texts far more slowly."""


@dataclass(frozen=True, slots=True)
class Table:
    """The definition of one Delta table.

    Attributes:
        name: folder name in the lake or in a run.
        grain: what one row is.
        columns: (name, Spark type) in order.
        partition_by: partition columns; empty for none.
        sort_by: the order rows are clustered in, for speed only; nothing may rely on it.
        statistics_on: columns whose minima and maxima may stand in the Delta log. Identifiers
            never do.
        later: columns that lakes of the first layout do not have; see `LakeVersion.layout`.
    """

    name: str
    grain: str
    columns: tuple[tuple[str, str], ...]
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = ()
    statistics_on: tuple[str, ...] = ()
    later: tuple[str, ...] = ()

    @property
    def ddl(self) -> str:
        """The columns as one DDL string.

        >>> REJECTED_DISPENSINGS.ddl
        'file_id int, file string, line bigint, column string, reason string'
        """
        return ", ".join(f"{name} {kind}" for name, kind in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(name for name, _ in self.columns)


PERSONS = Table(
    name="persons",
    grain="one row per person in the register",
    columns=(
        ("person_key", "bigint"),  # xxhash64 of the pseudonym
        ("pseudonym", "string"),  # lives here and nowhere else
        ("sex", "string"),  # F, M or null when unknown or contradictory
        ("birth_year", "int"),  # null when unknown or contradictory
        ("died_on", "date"),  # null when alive or not delivered
        ("sex_conflict", "boolean"),
        ("birth_year_conflict", "boolean"),
        ("birth_year_low", "int"),  # the years that everything said allows; none where low > high.
        ("birth_year_high", "int"),  # `birth_year` is null too where it cannot be for other reasons
        ("first_dispensed_on", "date"),  # null without a dispensing
        ("last_dispensed_on", "date"),
    ),
    sort_by=("person_key",),
    statistics_on=("sex",),
    later=("birth_year_low", "birth_year_high", "first_dispensed_on", "last_dispensed_on"),
)

DISPENSINGS = Table(
    name="dispensings",
    grain="one row per dispensed package line",
    columns=(
        ("person_key", "bigint"),
        ("atc", "string"),
        ("product_number", "string"),  # six digits, leading zeros kept; null when not delivered
        ("dispensed_on", "date"),
        ("ddd", "decimal(18,6)"),  # null = unknown, never 0
        ("packages", "decimal(18,6)"),
        ("reimbursement_icd", "string"),
        ("reimbursement_icpc", "string"),
        ("file_id", "int"),  # the delivered file, as listed in the lake's version record
        ("line_key", "string"),  # as the source declares it; null where it declares none
        ("year", "int"),  # of dispensing
    ),
    partition_by=("year",),
    sort_by=("atc", "person_key", "dispensed_on"),
    statistics_on=("atc", "dispensed_on"),
)

PERSON_STATEMENTS = Table(
    name="person_statements",
    grain="one row per person and delivered file that says anything of the person",
    columns=(
        ("person_key", "bigint"),
        ("pseudonym", "string"),
        ("file_id", "int"),
        ("sex", "string"),  # the smallest and the largest that the file says; null for nothing
        ("sex_high", "string"),
        ("birth_year_low", "int"),  # the years that every line of the file allows; none where
        ("birth_year_high", "int"),  # low > high
        ("died_on", "date"),  # the earliest
        ("first_dispensed_on", "date"),  # of the file's dispensings that are in the lake
        ("last_dispensed_on", "date"),
    ),
    sort_by=("person_key",),
    statistics_on=("file_id",),
    later=("first_dispensed_on", "last_dispensed_on"),
)

OBSERVATION_PERIODS = Table(
    name="observation_periods",
    grain="one row per person and period in which the register sees the person; none overlap",
    columns=(
        ("person_key", "bigint"),
        ("observed_from", "date"),
        ("observed_to", "date"),  # included; null = still observed
    ),
    sort_by=("person_key",),
)

DISPENSING_PROFILE = Table(
    name="dispensing_profile",
    grain="one row per month and ATC code with at least one dispensing; no person in it",
    columns=(
        ("year", "int"),
        ("month", "int"),
        ("atc", "string"),
        ("dispensings", "bigint"),
        ("ddd_missing", "bigint"),  # unknown DDD
        ("ddd_zero", "bigint"),
        ("ddd_negative", "bigint"),  # returns
        ("ddd_huge", "bigint"),  # more than HUGE_DDD
        ("ddd_micro", "decimal(38,0)"),  # sum of the known ones
        ("ddd_micro_low", "bigint"),  # smallest and largest of one line; null where none is known
        ("ddd_micro_high", "bigint"),
    ),
)

REJECTED_DISPENSINGS = Table(
    name="rejected_dispensings",
    grain="one row per delivered line that was turned away; the line itself is not copied",
    columns=(
        ("file_id", "int"),
        ("file", "string"),
        ("line", "bigint"),  # 1 = the header line
        ("column", "string"),  # the delivered column at fault; null when the whole line is
        ("reason", "string"),
    ),
    statistics_on=("file_id", "reason"),
)

PARTS = Table(
    name="parts",
    grain="one row per set of a run whose cohorts are worked off part by part",
    columns=(
        ("set", "int"),  # a cohort among those of the run, from 0
        ("part", "int"),  # those of the same part lie in the same tables
    ),
)

INDEX_EVENTS = Table(
    name="index_events",
    grain="one row per set and person with the exposure's ATC codes in the index period",
    columns=(
        ("set", "int"),  # a cohort among those of the run, from 0
        ("person_key", "bigint"),
        ("index_day", "int"),  # days since 1970-01-01; null when no dispensing qualifies
        ("previous_day", "int"),  # of the last exposure before it; null for none
        ("exposure_dispenses", "int"),
        ("atc_records", "bigint"),  # dispensings of the ATC codes in the index period
        ("product_records", "bigint"),  # those of them that are the exposure
    ),
)

CANDIDATES = Table(
    name="candidates",
    grain="one row per set and person with the exposure's ATC codes in the index period",
    columns=(
        ("set", "int"),
        ("person_key", "bigint"),
        ("index_date", "date"),  # null when no dispensing qualifies
        ("exposure_dispenses", "int"),
        ("stratum", "string"),
        ("sex", "string"),
        ("age", "int"),
        ("subgroups", "array<string>"),
        ("steps_passed", "int"),  # steps of the selection passed before the first that failed
        ("atc_records", "bigint"),  # dispensings of the ATC codes in the index period
        ("product_records", "bigint"),  # those of them that are the exposure
    ),
)

COHORT = Table(
    name="cohort",
    grain="one row per set and person of the study",
    columns=(
        ("set", "int"),
        ("person_key", "bigint"),
        ("index_date", "date"),
        ("exposure_dispenses", "int"),
        ("stratum", "string"),
        ("sex", "string"),
        ("age", "int"),  # index year - birth year; null when the birth year is unknown
        ("subgroups", "array<string>"),
    ),
)

COHORT_DISPENSINGS = Table(
    name="cohort_dispensings",
    grain="one row per set and dispensing, or return, of an examined medicine inside any window",
    columns=(
        ("set", "int"),
        ("person_key", "bigint"),
        ("day", "int"),
        ("atc", "string"),
        ("ddd_micro", "bigint"),
        ("dispenses", "bigint"),  # 1; 0 of a return that is none
        ("ddd_missing", "bigint"),  # 1 where the DDD of a dispense is unknown
        ("returns", "bigint"),  # 1 of a return; 0 where it counts as a dispense
        ("returns_unmatched", "bigint"),  # 1 where it did not find all that it takes back
    ),
)

PERSON_OUTCOMES = Table(
    name="person_outcomes",
    grain="one row per set, design, person and outcome with at least one dispense in either window",
    columns=(
        ("set", "int"),
        ("design", "string"),
        ("person_key", "bigint"),
        ("outcome", "string"),
        ("ddd_micro_before", "bigint"),
        ("ddd_micro_after", "bigint"),
        ("dispenses_before", "bigint"),
        ("dispenses_after", "bigint"),
        ("ddd_missing_before", "bigint"),  # dispenses whose DDD is unknown
        ("ddd_missing_after", "bigint"),
    ),
)

COHORT_MOMENTS = Table(
    name="cohort_moments",
    grain="one row per set, subgroup and number of exposure dispenses",
    columns=(
        ("set", "int"),
        ("subgroup", "string"),
        ("fills", "int"),  # exposure dispenses, the largest group being open (`moments.most_fills`)
        ("persons", "bigint"),
        ("women", "bigint"),
        ("men", "bigint"),
        ("age_known", "bigint"),
        ("age_sum", "decimal(38,0)"),
        ("age_sum_squares", "decimal(38,0)"),
        ("exposure_dispenses", "bigint"),
    ),
)

DESIGN_MOMENTS = Table(
    name="design_moments",
    grain="one row per set, design, subgroup, number of exposure dispenses, outcome that anybody "
    "of these used, and measure",
    columns=(
        ("set", "int"),
        ("design", "string"),
        ("subgroup", "string"),
        ("fills", "int"),  # as in cohort_moments
        ("outcome", "string"),
        ("measure", "string"),  # users (x and y are 0 or 1), ddd (micro-DDD) or dispenses
        # sums over persons; x: in the window before, y: in the window after
        ("x", "decimal(38,0)"),
        ("y", "decimal(38,0)"),
        ("xx", "decimal(38,0)"),
        ("yy", "decimal(38,0)"),
        ("xy", "decimal(38,0)"),
        ("x_missing", "bigint"),  # dispenses whose amount is unknown
        ("y_missing", "bigint"),
        # what single persons add to the sums; null where it is not asked for
        ("x_largest", "bigint"),  # largest |x| of a person: also the guard against overflow
        ("y_largest", "bigint"),
        ("x_second", "bigint"),  # the next largest, of another person; 0 where there is none
        ("y_second", "bigint"),
        ("x_negative", "bigint"),  # persons whose x is below 0
        ("y_negative", "bigint"),
        ("changed", "bigint"),  # persons whose x and y differ
    ),
)

DAILY_MOMENTS = Table(
    name="daily_moments",
    grain="one row per set, subgroup, stratum, outcome and day on which a running sum changed",
    columns=(
        ("set", "int"),
        ("subgroup", "string"),
        ("stratum", "string"),
        ("outcome", "string"),
        ("day", "int"),
        ("step_sum", "decimal(38,0)"),  # change of the sum of the running sums on that day
        ("step_sum_squares", "decimal(38,0)"),  # change of the sum of their squares
        # persons whose running sum changes on that day for the first time in a period, outwards:
        # added up over the days of a period, the persons who have a part in its change
        ("new_7", "bigint"),
        ("new_14", "bigint"),
        ("new_28", "bigint"),
        ("new_91", "bigint"),
        ("new_all", "bigint"),  # in the whole window
    ),
)

LAKE_TABLES = (
    PERSONS,
    DISPENSINGS,
    REJECTED_DISPENSINGS,
    PERSON_STATEMENTS,
    OBSERVATION_PERIODS,
    DISPENSING_PROFILE,
)
