"""What the shop does. Each function owns its transactions; none imports Flask's request."""
