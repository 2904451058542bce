"""A format of delivered files is one record and one reader; whoever names formats reads them."""

from __future__ import annotations

import json
import re

import pytest

from ldn_spark.delivery.files.readers import Reader, reader_of
from ldn_spark.delivery.source.formats import FORMATS
from tests.unit.test_package import PROJECT


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_has_a_reader_and_words(form):
    reader = reader_of(form.name)
    assert isinstance(reader, Reader)
    assert reader.form is form
    assert re.match(r"an? \w", form.words)
    assert all(mark.suffix in ("", *form.suffixes) for mark in form.marks)


def test_pages_and_schema_name_every_format():
    names = [form.name for form in FORMATS]
    schema = json.loads((PROJECT / "conf/sources/source.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["format"]["enum"] == names
    page = (PROJECT / "docs" / "from_files_to_lake.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `format` \|(.*)\|$", page, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == names
