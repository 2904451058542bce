"""Every quantity of a study once: its name, unit, type, kind, words, formula and source.

`quantity` says what a record holds, `tables` holds the records by table, `lookup` finds them. The
analysis refuses to write a quantity that has no record; published values, result files, exports,
the report and `docs/estimates.md` read the records.
"""
