r"""The tables of a run as a LaTeX document: booktabs, in tables that may go over several pages.

It compiles as it is, by pdfLaTeX, XeLaTeX and LuaLaTeX; each table stands between two comments, to
be copied into a paper that loads `booktabs`, `longtable` and `pdflscape`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ldn_spark.reporting.office.placing import placed_head
from ldn_spark.reporting.office.run_tables import Export, is_wide, numbered_part
from ldn_spark.reporting.printed import Cell, PrintedTable
from ldn_spark.shown import escaped
from ldn_spark.texts.restricted import RESTRICTED

_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "−": "$-$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "≈": r"$\approx$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "∞": r"$\infty$",
    "√": r"$\surd$",
    "Σ": r"$\Sigma$",
    "Δ": r"$\Delta$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "γ": r"$\gamma$",
    "δ": r"$\delta$",
    "κ": r"$\kappa$",
    "λ": r"$\lambda$",
    "µ": r"$\mu$",
    "μ": r"$\mu$",
    "σ": r"$\sigma$",
    "χ": r"$\chi$",
    "ω": r"$\omega$",
    "²": r"\textsuperscript{2}",
    "³": r"\textsuperscript{3}",
    "¹": r"\textsuperscript{1}",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "“": "``",
    "”": "''",
    "‘": "`{}",
    "’": "'{}",
    "•": r"\textbullet{}",
    "€": r"\texteuro{}",
    "°": r"\textdegree{}",
    "™": r"\texttrademark{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u2009": r"\,",
    "\u2011": "-",
}
_DASHES = re.compile(r"-(?=-)")
_LETTERS = set(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
    "ĂăĄąĆćČčĎďĐđĖėĘęĚěĞğĪīĮįİıĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŪūŮůŰűŲųŸŹźŻżŽž§©®«»¡¿"
)
"""Beyond ASCII, what pdfLaTeX knows in T1; what no list has is written by its number."""
_HEAD = r"""% {restricted}
\documentclass[10pt,a4paper]{{article}}
\usepackage{{iftex}}
\ifPDFTeX
  \usepackage[T1]{{fontenc}}
  \usepackage[utf8]{{inputenc}}
\fi
\usepackage{{textcomp}}
\usepackage[margin=20mm]{{geometry}}
\usepackage{{array}}
\usepackage{{booktabs}}
\usepackage{{longtable}}
\usepackage{{pdflscape}}
\setlength{{\LTleft}}{{0pt}}
\setlength{{\parindent}}{{0pt}}
\begin{{document}}
\textbf{{{restricted}}}
"""


def latex(export: Export) -> bytes:
    """A document of every table; the same run gives the same bytes."""
    lines = [_HEAD.format(restricted=RESTRICTED)]
    for text in export.about:
        lines.append(f"{tex(text)}\n")
    for table in export.tables:
        lines += _table(table)
    lines.append(r"\end{document}")
    return ("\n".join(lines) + "\n").encode()


def tex(text: str) -> str:
    r"""Text that LaTeX sets as it is.

    >>> tex("50 % of A_1 & <0.001"), tex("−3.1 ×"), tex("\\input{x}"), tex("药")
    ('50 \\% of A\\_1 \\& \\textless{}0.001', '$-$3.1 $\\times$', '\\textbackslash{}input\\{x\\}', '[U+836F]')
    """  # noqa: E501
    plain = escaped(text.replace("\n", " "), keep="\u00a0\u202f\u2009\u2011")
    apart = _DASHES.split(plain)  # two hyphens would be set as a dash
    return "-{}".join("".join(map(_sign, part)) for part in apart)


def _sign(one: str) -> str:
    if one in _SIGNS:
        return _SIGNS[one]
    if one.isascii() or one in _LETTERS:
        return one
    return f"[U+{ord(one):04X}]"


def _table(table: PrintedTable) -> Iterator[str]:
    """One table with its notes, between comments."""
    wide = is_wide(table)
    columns = len(table.columns) + 1
    share = 0.30 if not wide else 0.22
    yield f"\n% {tex(table.number)}: begins. {RESTRICTED}"
    if wide:
        yield r"\begin{landscape}"
    yield r"\begingroup\footnotesize\setlength{\tabcolsep}{3pt}\setlength{\LTcapwidth}{\linewidth}"
    stub = rf">{{\raggedright\arraybackslash}}p{{{share}\linewidth}}"
    number, rest = numbered_part(table.number)
    yield rf"\renewcommand{{\thetable}}{{{tex(number + rest)}}}"
    yield rf"\begin{{longtable}}{{{stub}{'r' * (columns - 1)}}}"
    caption = tex(f"{table.title} {table.caption}".strip())
    yield rf"\caption[{{{tex(table.title)}}}]{{{caption}}}\\"
    yield r"\toprule"
    yield from _head(table)
    yield r"\midrule\endfirsthead"
    yield r"\toprule"
    yield from _head(table)
    yield r"\midrule\endhead"
    yield r"\bottomrule\endfoot"
    for section in table.sections:
        if section.label and section.rows:
            heading = rf"\textbf{{{tex(section.label)}}}"
            yield rf"\multicolumn{{{columns}}}{{l}}{{{heading}}} \\*"
        for row in section.rows:
            cells = [tex(row.label), *(_cell(table, cell) for cell in row.cells)]
            yield " & ".join(cells) + r" \\"
    yield r"\end{longtable}"
    for note in table.notes:
        yield f"{tex(note)}\\par"
    for mark, reason in table.footnotes:
        yield rf"\textsuperscript{{{mark}}} {tex(reason)}\par"
    yield r"\endgroup"
    if wide:
        yield r"\end{landscape}"
    yield f"% {tex(table.number)}: ends\n"


def _cell(table: PrintedTable, cell: Cell) -> str:
    mark = table.mark(cell)
    return tex(cell.text) + (rf"\textsuperscript{{{mark}}}" if mark else "")


def _head(table: PrintedTable) -> Iterator[str]:
    """The lines of the head, with a rule below what covers several columns."""
    depth = table.depth
    placed = list(placed_head(table))
    for line in range(depth):
        here = [one for one in placed if one.line + one.lines - 1 == line]
        here.sort(key=lambda one: one.column)
        stub = tex(table.stub) if line == depth - 1 else ""
        cells, at = [stub], 0
        for one in here:
            cells += [""] * (one.column - at)
            place = "c" if one.columns > 1 else "r"
            cells.append(rf"\multicolumn{{{one.columns}}}{{{place}}}{{{_stacked(one.text)}}}")
            at = one.column + one.columns
        cells += [""] * (len(table.columns) - at)
        yield " & ".join(cells) + r" \\"
        rules = [
            rf"\cmidrule(lr){{{one.column + 2}-{one.column + one.columns + 1}}}"
            for one in here
            if one.columns > 1
        ]
        if rules:
            yield "".join(rules)


def _stacked(text: str) -> str:
    """A head in several lines where it is long."""
    import textwrap

    lines = textwrap.wrap(text, 24, break_long_words=False) or [""]
    if len(lines) == 1:
        return tex(text)
    rows = r" \\ ".join(map(tex, lines))
    return rf"\begin{{tabular}}[b]{{@{{}}r@{{}}}}{rows}\end{{tabular}}"
