from tests.hostile.unspeakable import Unspeakable

raise Unspeakable
