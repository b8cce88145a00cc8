"""What other systems know persons by."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("external_key", sa.String(length=100), nullable=True))
    op.create_index("uq_person_external_key", "person", ["external_key"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_person_external_key", "person")
    op.drop_column("person", "external_key")
