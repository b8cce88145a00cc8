"""Declares every table of the core by importing it; for those who need them all, such as migrations."""

import lms_core.enrolment.tables
import lms_core.http
import lms_core.media.tables
import lms_core.modules.tables
import lms_core.outbox
import lms_core.people.tables
import lms_core.programmes.tables
import lms_core.progress.tables  # noqa: F401
