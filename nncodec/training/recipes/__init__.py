"""One file per network: what it learns from, how it starts, what it minimises."""
