"""What must be a list, as data: one row a term, with its class, an example and where it comes from."""
