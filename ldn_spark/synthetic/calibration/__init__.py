"""A cohort built so that a study of it prints a published before-after table.

=============  ===================================================================================
`leaves`       disjoint parts of the outcomes: every outcome is a union of leaves
`doses`        mean DDDs and standard errors that print right: a MILP drops the rows that clash
`counts`       numbers of users that print right: whole persons, contrasts included
`patterns`     who uses what, when: whole persons, by local search
`amounts`      DDDs in tenths: exact sums, sums of squared changes on target
`unions`       the same for outcomes of several leaves, by exchanging persons' amounts
`persons`      sex, age and number of dispenses
`cohort`       `Cohort`; its tables through `ldn_spark.analysis`
`solving`      `solve_cohort`: all of these in order, and what they print
`keeping`      the solved cohort as a file beside the code
`dates`        the cohort's dispensings, day by day
`delivery`     `simulate_published`: the cohort among a background, delivered
=============  ===================================================================================
"""
