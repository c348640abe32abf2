"""Guess from the User-Agent whether a popup will work. Only a default hangs on it; the buyer can choose otherwise."""

PHONES = ("iPhone", "iPod", "iPad", "Android")
"""The same words by which the gateway's script decides that it is on a phone."""
IN_APP = (
    "KAKAOTALK",
    "NAVER(inapp",
    "Instagram",
    "FBAN",
    "FBAV",
    "Line/",
    "; wv)",
    "DaumApps",
    "everytimeApp",
)
"""Browsers inside other apps: many of them cannot open a second window at all."""


def is_phone_or_in_app(user_agent: str) -> bool:
    """Whether the payment window should replace the page by default."""
    return any(word in user_agent for word in PHONES + IN_APP)
