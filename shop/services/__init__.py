"""The verbs of the shop. Each owns its transaction; none knows about the web."""
