"""The studio: all of it in a browser, live; a web process that waits for nobody, and processes that work for it."""
