"""The names of the three interfaces in commands and tables. Pure."""

from typing import Literal, get_args

Mode = Literal["cgi", "wsgi", "asgi"]
MODES: tuple[Mode, ...] = get_args(Mode)
