<%
    lines = sorted(set((imports or "").split("\n")) - {""})
    whole = "".join(line + "\n" for line in lines if line.startswith("import "))
    parts = "".join("\n" + line for line in lines if line.startswith("from "))
%>\
"""${message}."""

${whole}import sqlalchemy as sa
from alembic import op${parts}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
