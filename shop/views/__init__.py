"""The pages, one module per noun of the address. A view parses, calls one service and answers."""
