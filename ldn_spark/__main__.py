"""`python -m ldn_spark`: the `ldn` command where it is not on the path."""

from ldn_spark.cli import main

if __name__ == "__main__":
    main()
