"""What a programme sets."""

from typing import Annotated

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom students may ask about a closed module, such as an e-mail address."""

    contact: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
