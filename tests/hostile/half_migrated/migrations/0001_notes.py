import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0001", None, None, None


def upgrade() -> None:
    op.create_table("half_migrated_note", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO half_migrated_note VALUES (1)")
    op.execute("UPDATE programme SET title = 'half migrated'")
    raise ZeroDivisionError("never tested")


def downgrade() -> None:
    op.drop_table("half_migrated_note")
