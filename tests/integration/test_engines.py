from pyspark.sql import functions as F


def test_functions_speak_to_the_engine_of_the_test(spark):
    total = spark.range(5).agg(F.sum("id").alias("total")).toArrow().to_pylist()
    assert total == [{"total": 10}]
