"""What is asked: study definitions, codes, codelists. Plain Python."""
