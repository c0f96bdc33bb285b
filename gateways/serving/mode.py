"""The three interfaces, by the names that commands and tables use. Pure."""

from typing import Literal, get_args

Mode = Literal["cgi", "wsgi", "asgi"]
MODES: tuple[Mode, ...] = get_args(Mode)
