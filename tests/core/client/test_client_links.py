from hypothesis import example, given
from hypothesis import strategies as st

from lms_core.client.links import find_links, rewrite
from lms_core.client.pages import read_page

PAGE = """\
# See [the plan](plan.md#goals "Plan")

> A quote with <b c.pdf> that is no link, [one](<b c.pdf>) that is,
> and ![a picture](d.png), [![a linked one](e.png)](f.pdf), <img
> src="g.png">

- a list
  1. with [a link](h.md), [a space](my file.pdf), ![another](my pic.png "Title"), [Jekyll]({% link i.md %})
     and prose: f[i](as in section 2)

| left | right |
|------|-------|
| [same](1.md) | [same](1.md) |
| <a href='j.md'>html</a> | ![by name][picture] |

[picture]: k.png
[unused]: <l m.pdf>
  "on the next line"
[^1]: footnote.md

<video src=v.mp4 poster="p.jpg"><track src="v.en.vtt"></video>
<picture><source srcset="s.png 1x, t.png 2x"></picture> <object data="o.svg"></object>
<a class="x" href="q.md?a=1&amp;b=2">amp</a>

[empty]() and ![seen [not](followed.md)](u.png) and [escaped](a\\_b\\).md) and <https://example.org/auto.md>
"""

NO_LINKS = """\
`[inline](code.md)` and \\[escaped](no.md) and $$f[x](y.md)$$

    [indented](code.md)

```html
<a href="code.md">fenced</a> ![x](y.png)
```

<!-- <a href="comment.md"> -->

<script>const link = '<a href="script.md">'</script>

> ~~~
> [fenced in a quote](code.md)
> ~~~

[^1]: footnote.md
"""


def test_every_kind_of_link_is_found_where_it_stands():
    assert [(link.line, link.target, link.role) for link in find_links(PAGE)] == [
        (1, "plan.md#goals", "attachment"),
        (3, "b c.pdf", "attachment"),
        (4, "d.png", "inline"),
        (4, "e.png", "inline"),
        (4, "f.pdf", "attachment"),
        (5, "g.png", "inline"),
        (8, "h.md", "attachment"),
        (8, "my file.pdf", "attachment"),
        (8, "my pic.png", "inline"),
        (8, "{% link i.md %}", "attachment"),
        (13, "1.md", "attachment"),
        (13, "1.md", "attachment"),
        (14, "j.md", "attachment"),
        (16, "k.png", "inline"),
        (17, "l m.pdf", "attachment"),
        (21, "v.mp4", "inline"),
        (21, "p.jpg", "inline"),
        (21, "v.en.vtt", "caption"),
        (22, "s.png", "inline"),
        (22, "t.png", "inline"),
        (22, "o.svg", "inline"),
        (23, "q.md?a=1&b=2", "attachment"),
        (25, "", "attachment"),
        (25, "u.png", "inline"),
        (25, "a_b).md", "attachment"),
    ]


def test_what_only_looks_like_a_link_is_none():
    assert find_links(NO_LINKS) == []


def test_rewriting_changes_the_targets_and_nothing_else():
    links = find_links(PAGE)

    text, failed = rewrite(PAGE, [(link, f"lms-file:{number}") for number, link in enumerate(links)])

    assert failed == []
    assert [link.target for link in find_links(text)] == [f"lms-file:{number}" for number in range(len(links))]
    changed = [(old, new) for old, new in zip(PAGE.splitlines(), text.splitlines(), strict=True) if old != new]
    assert changed[:3] == [
        ('# See [the plan](plan.md#goals "Plan")', '# See [the plan](lms-file:0 "Plan")'),
        (
            "> A quote with <b c.pdf> that is no link, [one](<b c.pdf>) that is,",
            "> A quote with <b c.pdf> that is no link, [one](lms-file:1) that is,",
        ),
        (
            "> and ![a picture](d.png), [![a linked one](e.png)](f.pdf), <img",
            "> and ![a picture](lms-file:2), [![a linked one](lms-file:3)](lms-file:4), <img",
        ),
    ]
    assert (
        changed[-1][1]
        == "[empty](lms-file:22) and ![seen [not](followed.md)](lms-file:23) and [escaped](lms-file:24) and <https://example.org/auto.md>"
    )


def test_a_link_that_cannot_be_located_is_told_and_left():
    table = "| a |\n|---|\n| [x](1.md) \\| [y](2.md) |\n\n[z](3.md)\n"
    links = find_links(table)

    text, failed = rewrite(table, [(link, "lms-unit:there") for link in links])

    assert text == table.replace("3.md", "lms-unit:there")
    assert [link.target for link in failed] == ["1.md", "2.md"]


def test_a_link_that_would_undo_another_is_told_and_left():
    text = "[outer [inner](my file.pdf)](page.md)"
    links = find_links(text)

    rewritten, failed = rewrite(text, [(link, "lms-file:new") for link in links])

    assert [link.target for link in links] == ["my file.pdf", "page.md"]
    assert rewritten == "[outer [inner](my file.pdf)](lms-file:new)"
    assert [link.target for link in failed] == ["my file.pdf"]


BITS = """[a](b.md)|![x](y.png)|[|](|)|<|>|<a href=|'x.md'|"|'|> |- |    |`|```|\\|<!--|-->|<![foo[|<![CDATA[|]]>|<?|<!x
[r]: z.md|[r]|<script>|</script>|<img src=q.png>|$$|# |===|---|&amp;|{% link a.md %}|http://[|<h1>|</h1>|\t|title:
|srcset='a.png 1x, b.png 2x'|http://[::1|file:///x|%zz|\f|é|\u2028|<textarea>""".replace("\n", "|").split("|")
bits = st.sampled_from([*BITS, "\n", "\n\n", "|", "| a | [b](c.md) |\n", "|---|---|\n"])


@example("<div>\n<![foo[\n")
@given(st.lists(bits, max_size=25).map("".join))
def test_whatever_stands_in_a_page_is_read_and_rewritten_or_told(text: str):
    read_page(text)
    links = find_links(text)
    changes = [(link, f"lms-file:k{number}") for number, link in enumerate(links)]

    rewritten, failed = rewrite(text, changes)

    wanted = [link.target if link in failed else target for link, target in changes]
    assert [link.target for link in find_links(rewritten)] == wanted
