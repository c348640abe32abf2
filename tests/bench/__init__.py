"""How much the shop costs beside a bare Flask page: ``python -m tests.bench``. Ratios, because machines differ."""
