"""Declares every table of the core by importing it; for those who need them all, such as migrations."""

import lms_core.assessment.tables
import lms_core.calendar.tables
import lms_core.enrolment.tables
import lms_core.hooks.tables
import lms_core.http
import lms_core.media.tables
import lms_core.modules.tables
import lms_core.outbox.tables
import lms_core.people.tables
import lms_core.programmes.tables
import lms_core.progress.tables
import lms_core.webhooks.tables  # noqa: F401
