"""Marks."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE one_sided_mark (programme_id CHAR(32) NOT NULL, "
        "CONSTRAINT pk_one_sided_mark PRIMARY KEY (programme_id), CONSTRAINT fk_one_sided_mark_programme_id "
        "FOREIGN KEY (programme_id) REFERENCES programme (id) ON DELETE CASCADE) WITHOUT ROWID"
    )


def downgrade() -> None:
    op.drop_table("one_sided_mark")
