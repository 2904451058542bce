"""From a prescription registry extract to the tables of a controlled before-after drug study."""

__version__ = "0.2.0"
