"""The money-safety run against real servers: see README.md."""
