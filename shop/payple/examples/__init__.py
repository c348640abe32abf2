"""One shop for each of three frameworks, and a store in SQLite."""
