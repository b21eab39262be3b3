"""The networks and the arithmetic that several codecs and restorers share, and the weights by number."""
