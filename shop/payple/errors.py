"""How a call to the gateway may fail, sorted by what the caller must do next.

    GatewayError
     |- NotSent              nothing left this machine   -> say so, let the payer try again
     |   `- UnknownEndpoint  the address is not the gateway's, so it was not dialled
     |- OutcomeUnknown       it may have happened        -> keep the state open, inquire later; an inquiry need
     |                                                      not know of refunds: those wait for a person
     `- Refused              it answered no (code)       -> record it, show a sentence of ours

    MalformedResult           not readable -> answer a browser 400 and a webhook 200

No message of these carries a key, a token, a name or a phone number: they are safe to log.
"""

from __future__ import annotations


class GatewayError(Exception):
    """A call that did not end as it was meant to. `code` is the gateway's response code, or blank."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(f"{code} {message}".strip())
        self.message = message
        self.code = code


class NotSent(GatewayError):
    """Nothing left this machine: no money moved, and trying again is safe."""


class UnknownEndpoint(NotSent):
    """An address that is not on the list of the configured gateway. It was not dialled."""


class OutcomeUnknown(GatewayError):
    """The request may have been carried out. Only evidence settles it, such as an inquiry; not a second try.

    Three may be tried again: an inquiry, the cancel of everything that is left, and a cash receipt.
    """


class Refused(GatewayError):
    """The gateway answered a definite no: no money moved. `codes.lookup(code)` explains it.

    `attempt_no` is the payment that it named, or blank: a no to somebody else's keys says nothing about yours.
    """

    def __init__(self, code: str, message: str, attempt_no: str = "") -> None:
        super().__init__(message, code)
        self.attempt_no = attempt_no


class MalformedResult(ValueError):
    """A result post or a webhook with repeated, oversized or unstorable fields, or one that cannot be read at all."""
