"""What the data of a lake are like: plain Python on small tables that hold no person.

Nothing here judges a study's results. Every rule that points something out is a constant with a
sentence that the report prints.
"""
