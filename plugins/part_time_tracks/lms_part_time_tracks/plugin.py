"""The plugin: so far it brings its engine along, and no routes."""

from lms_core.api import Plugin


class PartTimeTracks(Plugin):
    """Studies beside a job: which module in which term, and what follows when life is otherwise."""

    name = "part_time_tracks"
    requires = "lms>=0.2,<1"
