"""The articles as demos: built through the public API, tried with real packets, shown as a table."""
