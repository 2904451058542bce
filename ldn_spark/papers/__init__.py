"""A published study against itself, against a run, and made again. No patient data needed.

============  ====================================================================================
`quantities`  which names a published value may have, and how each is printed
`values`      `PublishedValue`, `Published`: what is printed, and the interval behind each number
`reading`     `read_published`: the CSV, every problem at once
`boxes`       `Box`: interval arithmetic; `Region`: what an estimate and its SE can be together
`audit`       `audit`: every check of a table by arithmetic alone
`compare`     printed and computed side by side, each with a verdict; as CSV, HTML and text
`replicate`   a cohort whose study prints the published table
============  ====================================================================================
"""
