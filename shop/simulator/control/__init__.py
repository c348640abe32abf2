"""The routes under /_sim: the console for people, and orders and facts as JSON."""
