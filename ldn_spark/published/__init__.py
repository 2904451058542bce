"""A published study against a run, and against itself. Plain Python; no patient data needed.

=============  ===================================================================================
`quantities`   which names a published value may have, and how each is printed
`values`       `PublishedValue`, `Published`: what is printed, and the interval behind each number
`reading`      `read_published`: the CSV, every problem at once
`boxes`        `Box`: interval arithmetic; `Region`: what an estimate and its SE can be together
`findings`     `Finding`
`auditing`     `audit`: every check
`comparison`   `compare`: printed and computed side by side, each with a verdict
`rivals`       which cells another paired interval would lose
`files`        CSV and HTML
`console`      what the terminal shows
=============  ===================================================================================
"""
