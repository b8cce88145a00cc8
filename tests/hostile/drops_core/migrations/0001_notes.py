import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0001", None, None, None


def upgrade() -> None:
    op.create_table("drops_core_note", sa.Column("id", sa.Integer, primary_key=True))
    op.drop_table("calendar_feed")


def downgrade() -> None:
    op.drop_table("drops_core_note")
