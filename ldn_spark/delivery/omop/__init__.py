"""Drug concepts of OMOP's vocabularies and their ATC codes."""
