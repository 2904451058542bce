"""A cohort built so that a study of it prints a published before-after table.

============  ====================================================================================
`leaves`      disjoint parts of the outcomes: every outcome is a union of leaves
`boxes`       the values that print as published
`conditions`  what is printed of DDDs, as linear conditions
`doses`       mean DDDs and standard errors that print right: a MILP drops the rows that clash
`guesses`     how many users are plausible where they are not printed
`candidates`  counts that one row of users can have
`counts`      numbers of users that print right: whole persons, contrasts included
`patterns`    who uses what, when: whole persons, by local search
`amounts`     DDDs in tenths: exact sums, sums of squared changes on target
`unions`      the same for outcomes of several leaves, by exchanging persons' amounts
`persons`     sex, age and number of dispenses
`draws`       the solver's random numbers
`cohort`      `Cohort`, and its tables through `ldn_spark.estimates.analysis`
`solving`     `solve_cohort`: all of these in order
`keeping`     the solved cohort as a file beside the code
`dates`       the cohort's dispensings, day by day
`delivery`    `simulate_published`: the cohort among a background, delivered
============  ====================================================================================
"""
