"""One command a file; the only place that prints or exits."""
