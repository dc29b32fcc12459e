"""The drafter that needs no model: it reads a request by rules and matches it to the catalog."""
