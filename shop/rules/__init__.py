"""Rules about orders, money and refunds. Pure: no Flask, no SQL, no HTTP."""
