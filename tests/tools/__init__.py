"""What the tests stand on: a browser, a font, a database server, the real servers."""
