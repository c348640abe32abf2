"""The calls of Payple's wire, one file each: the route, its rules and its effect."""
