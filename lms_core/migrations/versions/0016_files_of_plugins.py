"""Files that plugins answer for."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plugin_file",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_plugin_file_media_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("media_id", name=op.f("pk_plugin_file")),
    )
    op.create_index("ix_plugin_file_about", "plugin_file", ["plugin", "about"])


def downgrade() -> None:
    # what nobody answers for any more goes; else others of the same bytes would be taken for it
    op.execute("UPDATE media SET state = 'deleting' WHERE id IN (SELECT media_id FROM plugin_file)")
    op.drop_table("plugin_file")
