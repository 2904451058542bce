"""What is computed: pure functions of exact sufficient statistics. Plain Python and scipy.special.

Differences are after - before; a difference-in-differences is comparator - exposed. Each part of
a result is a number or a `NotEstimable` with its reason. A study names the methods in `VARIANCES`,
`MCNEMAR` and `INTERVALS`; their words and sources are the records in `study.choices`.

=================  ===============================================================================
`not_estimable`    `NotEstimable`, `Number`
`moments`          `Moments`: n, total, squares; exact, validated, additive
`distributions`    tails and quantiles of t, normal, chi-square and binomial
`means`            `paired_t`, `VARIANCES` and `did_of_means` -> `TResult`
`proportions`      `PairedCounts`; `MCNEMAR`: tests; `INTERVALS` and `paired_interval`: intervals of
                   a paired difference
`contrasts`        `did_of_proportions`, `trend_of_means`, `trend_of_proportions` -> `ZResult`;
                   `relative_change`, `smd_of_means`, `smd_of_proportions`,
                   `minimal_detectable_difference`
`multiplicity`     `holm`, `benjamini_hochberg`
=================  ===============================================================================
"""
