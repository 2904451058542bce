from __future__ import annotations

import csv
import io

import pytest

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.printed import Cell, Column, PrintedTable, Row, Section
from ldn_spark.reporting.tables import all_tables
from ldn_spark.reporting.writers import table_csv, table_html, table_markdown
from tests.unit.reporting.paper_like import (
    changed,
    paper_like_results,
    plain,
    study_named,
    with_values,
)


def tables(definition, results, **more):
    return {table.id: table for table in all_tables(definition, results, **more)}


def csv_rows(table):
    return list(csv.DictReader(io.StringIO(table_csv(table))))


def row(table, *keys):
    """The printed cells of one row, by section and row key."""
    *section, key = keys
    return next(
        [plain(cell.text) for cell in found.cells]
        for part in table.sections
        for found in part.rows
        if found.key == key and section in ([], [part.key])
    )


def test_table_1_as_the_paper_prints_it(definition, results):
    table = tables(definition, results)["table1"]
    assert [column.headers for column in table.columns] == [("LDN×1",), ("LDN×2–3",), ("LDN×4+",)]
    assert row(table, "n") == ["3 590 (31.9)", "2 554 (22.7)", "5 103 (45.4)"]
    assert row(table, "women") == ["2 587 (72.1)", "1 836 (71.9)", "3 821 (74.9)"]
    assert row(table, "age") == ["50.6 (12.1)", "50.8 (13.6)", "51.7 (12.0)"]
    assert row(table, "dispenses_before")[0] == "5.3 (10.6)", "5.25 is rounded away from zero"
    assert row(table, "users_before") == ["2 127 (59.2)", "1 482 (58.0)", "2 865 (56.1)"]
    assert row(table, "n_total") == ["11 247", "", ""]
    assert "Age, years (SD)" in [r.label for r in table.rows()]


def test_table_2_row(definition, results):
    table = tables(definition, results)["table2"]
    assert row(table, "all", "LDNx1") == ["225.8", "239.6", "13.8", "(6.4 to 21.1)", "<0.001"]
    assert row(table, "N03A", "LDNx4+")[2:4] == ["−0.4", "(−3.4 to 2.6)"]
    assert [section.key for section in table.sections][:3] == ["all", "N03A", "N05A"]


def test_table_3_row(definition, results):
    table = tables(definition, results)["table3"]
    printed = row(table, "all", "LDNx4+")
    assert printed == ["2 865", "(56.1)", "2 698", "(52.9)", "−3.3", "(−4.4 to −2.1)", "<0.001"]
    assert row(table, "N06B", "LDNx2-3")[4:] == ["0.0", "(−0.4 to 0.4)", "1.000"]


def test_roles_go_to_their_tables(definition, results):
    found = tables(definition, results)
    main = ["all", "N03A", "N05A", "N05B", "N05C", "N06A", "N06B"]
    secondary = ["benzo", "zhyp", "tca", "ssri", "otherad", "lamo", "gabapre", "lith"]
    for one, expected in (("table2", main), ("table3", main)):
        assert [section.key for section in found[one].sections] == expected
    assert [section.key for section in found["table4"].sections] == secondary
    assert [section.key for section in found["table5"].sections] == [*secondary, "bz"]
    assert found["table5"].columns == found["table3"].columns
    assert len(found["did_users"].sections) == 3
    assert all(
        len(section.rows) == len(definition.outcomes) for section in found["did_users"].sections
    )


def test_did_row(definition, results):
    found = tables(definition, results)
    printed = row(found["did_users"], "LDNx1-LDNx4+", "all")
    assert printed[:4] == ["0.6", "−3.3", "3.8", "(2.0 to 5.6)"], "3.8, though 0.6 + 3.3 = 3.9"
    assert printed[4:7] == ["<0.001", "0.001", "<0.001"]
    assert found["did_users"].sections[0].label == "LDN×1 − LDN×4+"


def test_csv_has_a_column_for_every_number(definition, results):
    first = csv_rows(tables(definition, results)["table3"])[2]
    assert first == {
        "outcome": "all",
        "medicine_group": "All examined medicines",
        "stratum": "LDNx4+",
        "stratum_label": "LDN×4+",
        "before_n": "2865",
        "before_pct": "56.1",
        "after_n": "2698",
        "after_pct": "52.9",
        "diff_pct_points": "-3.3",
        "ci_low": "-4.4",
        "ci_high": "-2.1",
        "p": "<0.001",
        "not_estimable": "",
    }
    baseline = csv_rows(tables(definition, results)["table1"])
    assert (baseline[0]["LDNx1_value"], baseline[0]["LDNx1_bracket"]) == ("3590", "31.9")
    assert baseline[-1]["LDNx1_value"] == "11247"


def test_undefined_cells_carry_their_reason(definition, results):
    reason = "fewer than two persons"
    key = ("ddd", "LDNx4+", "N05A")
    broken = with_values(
        results, {(*key, name): reason for name in ("ci_low", "ci_high", "p", "sd_difference")}
    )
    table = tables(definition, broken)["table2"]
    assert row(table, "N05A", "LDNx4+") == ["3.3", "2.9", "−0.4", "–", "–"]
    assert table.footnotes == (("a", reason),)
    found = next(r for r in csv_rows(table) if (r["outcome"], r["stratum"]) == ("N05A", "LDNx4+"))
    assert (found["ci_low"], found["p"], found["not_estimable"]) == ("", "", reason)
    assert "–<sup>a</sup>" in table_html(table)
    assert "–<sup>a</sup>" in table_markdown(table)
    assert f"<sup>a</sup> {reason}" in table_markdown(table)


def test_half_an_interval_is_none(definition, results):
    broken = with_values(results, {("ddd", "LDNx1", "all", "ci_high"): "no upper limit"})
    assert row(tables(definition, broken)["table2"], "all", "LDNx1")[3] == "–"


def test_stratum_with_one_person(definition, results):
    reason = "fewer than two persons"
    single = with_values(
        results,
        {
            ("cohort", "LDNx1", "", "persons"): 1,
            ("cohort", "LDNx1", "", "share"): 1 / 7658,
            ("cohort", "LDNx1", "", "age_mean"): 44.0,
            ("cohort", "LDNx1", "", "age_sd"): reason,
        },
    )
    table = tables(definition, single)["table1"]
    assert row(table, "n")[0] == "1 (0.0)"
    assert row(table, "age")[0] == "44.0 (–)"
    assert table.reasons == (reason,)
    assert "LDN×1, one dispense (N = 1);" in plain(table.caption)


def test_outcome_that_nobody_uses(definition):
    found = tables(definition, paper_like_results(definition, used=0))
    assert row(found["table4"], "lith", "LDNx1")[-1] == "–"
    assert found["table4"].reasons == ("nobody used it in either period",)


def test_nothing_computed_at_all(definition):
    empty = Results((), (), ())
    for table in all_tables(definition, empty):
        assert set(table.reasons) == {"not computed in this study"}


def test_dispersion_se(definition, results):
    table = tables(changed(definition, "statistics.dispersion", "se"), results)["table1"]
    assert row(table, "age") == ["50.6 (0.2)", "50.8 (0.3)", "51.7 (0.2)"]
    assert "Age, years (SE)" in [r.label for r in table.rows()]
    assert "SE: standard error." in table.caption


def test_unknown_sex_and_age_are_told(definition, results):
    some = with_values(
        results,
        {
            ("cohort", "overall", "", "age_unknown"): 1,
            ("cohort", "LDNx2-3", "", "age_unknown"): 1,
            ("cohort", "overall", "", "sex_unknown"): 1204,
            ("cohort", "LDNx1", "", "sex_unknown"): 4,
            ("cohort", "LDNx4+", "", "sex_unknown"): 1200,
        },
    )
    notes = tables(definition, some)["table1"].notes
    assert tuple(map(plain, notes)) == (
        "Sex is unknown for 1 204 patients (LDN×1 4, LDN×2–3 0 and LDN×4+ 1 200); "
        "shares of women are of those whose sex is known.",
        "Age is unknown for 1 patient (LDN×1 0, LDN×2–3 1 and LDN×4+ 0); "
        "ages are of those whose birth year is known.",
    )


def test_missing_ddds_are_told(definition, results):
    some = with_values(results, {("ddd", "overall", "N03A", "ddd_missing"): 17})
    assert "Antiepileptics (N03A) 17" in tables(definition, some)["table2"].notes[-1]


def test_captions_come_from_the_study(definition, results):
    caption = plain(tables(definition, results)["table2"].caption)
    assert "one year before and after the index date (days −365 to −1" in caption
    assert "LDN×2–3, two or three dispenses (N = 2 554);" in caption
    assert "LDN×4+, four or more dispenses (N = 5 103)." in caption
    assert "LDN: low dose naltrexone. DDD: defined daily dose." in caption
    wider = changed(definition, "windows", {"before": [-730, -1], "after": [0, 89]})
    caption = tables(wider, results)["table2"].caption
    assert "two years before and 90 days after the index date" in caption


def test_methods_of_the_columns_are_named(definition, results):
    exact = changed(definition, "statistics.mcnemar", "exact")
    assert "the exact McNemar test" in tables(exact, results)["table3"].notes[0]
    assert "Tango 1998" in tables(exact, results)["table3"].notes[0]
    ninety = changed(definition, "statistics.confidence_level", 0.9)
    assert ("Difference", "90% CI") in [
        c.headers for c in tables(ninety, results)["table3"].columns
    ]


def test_subgroup_tables_read_their_own_estimates():
    study = study_named("ldn_ibd")
    whole = paper_like_results(study)
    part = paper_like_results(study, subgroup="CD")
    part = with_values(part, {("cohort", "CD/LDNx1", "", "persons"): 99})
    both = Results(whole.estimates + part.estimates, whole.curves, whole.attrition)
    table = tables(study, both, subgroup="CD")["table1"]
    assert table.number == "Table 1, Crohn's disease"
    assert row(table, "n")[0] == "99 (31.9)"
    assert row(tables(study, both)["table1"], "n")[0] == "3 590 (31.9)"


def test_study_without_contrasts_total_or_secondary_outcomes(definition, results):
    content = definition.model_dump(mode="json", by_alias=True)
    content["contrasts"] = []
    content["outcomes"] = [o for o in content["outcomes"] if o["role"] == "main"]
    bare = type(definition).model_validate(content)
    found = tables(bare, results)
    assert set(found) == {"table1", "table2", "table3", "trend", "changes", "balance"}
    assert [r.key for r in found["table1"].rows()] == ["n", "women", "age", "n_total"]


def test_head_with_spans(definition, results):
    html = table_html(tables(definition, results)["table3"])
    assert '<th scope="col" rowspan="3">Medicine group (ATC code)</th>' in html
    assert '<th scope="colgroup" colspan="4">Number of users</th>' in html
    assert '<th scope="col" rowspan="2">% points</th>' in html
    assert html.count('<tr class="section">') == 7
    assert '<th scope="row" class="within">LDN×1</th>' in html


@pytest.mark.parametrize("write", [table_html, table_markdown])
def test_texts_are_escaped(write):
    evil = '<script>alert("1")</script> | & *x*'
    cells = (Cell(("<0.001",)), Cell(("",), "{}", evil))
    table = PrintedTable(
        "t",
        evil,
        evil,
        evil,
        evil,
        ("section", "section_label", "key", "label"),
        (Column((evil, evil), ("a",)), Column((evil, evil), ("b",))),
        (Section("s", evil, (Row("r", evil, cells),)),),
        (evil,),
    )
    text = write(table)
    assert "<script" not in text
    assert "&lt;script>" in text or "&lt;script&gt;" in text
    if write is table_markdown:
        lines = [line for line in text.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_markdown_is_a_pipe_table(definition, results):
    lines = table_markdown(tables(definition, results)["table2"]).splitlines()
    assert lines[0].startswith("**Table 2.** Average cumulative dose")
    assert lines[2].startswith("| Medicine group (ATC code) | Dispensed medicines (DDD): Before |")
    assert lines[3] == "| :--- | ---: | ---: | ---: | ---: | ---: |"
    assert lines[4] == "| **All examined medicines** |  |  |  |  |  |"
    assert lines[5] == "| LDN×1 | 225.8 | 239.6 | 13.8 | (6.4 to 21.1) | &lt;0.001 |"
