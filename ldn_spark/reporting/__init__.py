"""From results to tables, figures and the report. Never sees a DataFrame."""
