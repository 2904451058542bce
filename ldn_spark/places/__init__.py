"""Where things lie: folders of this machine, and object stores and HDFS by their URLs.

A place is a `pathlib.Path` of this machine, or a `UPath` of fsspec with the same methods. What both
do alike (list, stat, open, read) is asked of the place itself; what they do not is a function here.
"""
