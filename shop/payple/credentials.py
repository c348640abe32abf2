"""The partner's keys."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    """What Payple gave the partner. Only `client_key` may ever reach a browser."""

    cst_id: str
    cust_key: str = field(repr=False)
    client_key: str = field(repr=False)
    refund_key: str = field(repr=False)

    @classmethod
    def public_test(cls) -> Credentials:
        """The test account that Payple publishes and everybody shares."""
        return cls(
            cst_id="test",
            cust_key="abcd1234567890",
            client_key="test_DF55F29DA654A8CBC0F0A9DD4B556486",
            refund_key="a41ce010ede9fcbfb3be86b24858806596a9db68b79d138b147c3e563e1829a0",
        )
