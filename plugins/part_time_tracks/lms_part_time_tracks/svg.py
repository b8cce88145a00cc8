"""Pictures that a screen reader can tell: their title and what they show, in words."""

from __future__ import annotations

from xml.etree import ElementTree as ET

NAMESPACE = "http://www.w3.org/2000/svg"


def told(root: ET.Element, title: str, description: str, prefix: str = "") -> str:
    """Return a picture as text, with a title and a description that are read out; their ids begin with a prefix."""
    ET.register_namespace("", NAMESPACE)
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}title {prefix}desc")
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        words = ET.Element(f"{{{NAMESPACE}}}{tag}", id=f"{prefix}{tag}")
        words.text = text
        root.insert(place, words)
    return ET.tostring(root, encoding="unicode")
