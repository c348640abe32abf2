"""How a call to the gateway may fail, sorted by what the caller must do next.

    GatewayError
     |- NotSent              the call that moves money was not sent  -> let the payer try again
     |   `- UnknownEndpoint  the address is not the gateway's, so it was not called
     |- OutcomeUnknown       it may have happened                    -> keep the state open, inquire later
     `- Refused              the gateway said no, with a code        -> record it, show explain(error)

    MalformedResult          not readable                            -> answer 400

No message carries a key, a token, a name or a phone number: they are safe to log.
"""

from __future__ import annotations


class GatewayError(Exception):
    """A call that did not succeed. `code` is the gateway's response code, or blank."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(f"{code} {message}".strip())
        self.message = message
        self.code = code


class NotSent(GatewayError):
    """The call was not sent: no money moved, and trying again is safe."""


class UnknownEndpoint(NotSent):
    """An address that is not one of the configured gateway's."""


class OutcomeUnknown(GatewayError):
    """The call may have been carried out. Inquire; do not repeat it.

    Three calls may be repeated: an inquiry, a cancel of everything that is left, and a cash receipt.
    """


class Refused(GatewayError):
    """The gateway answered no: no money moved."""


class MalformedResult(ValueError):
    """A result or a webhook with repeated, oversized or unstorable fields, or one that cannot be read at all."""
