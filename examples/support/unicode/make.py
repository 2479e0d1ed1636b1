"""Writes ../unicode_tables.hpp: python make.py (needs the package tokenizers).

What each of Unicode's 1,112,064 characters becomes in BERT's basic tokenisation, read off the package `tokenizers` itself,
whose models were trained with it, and packed into runs. Hangul syllables are computed (Unicode 3.12) and in no table, and
Chinese compatibility characters, a thousand, stay what they are."""

import pathlib
import tokenizers
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer


def normaliser(**on):
    parts = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return BertNormalizer(**{**parts, **on}).normalize_str


clean, apart = normaliser(clean_text=True), normaliser(handle_chinese_chars=True)
fold, split = normaliser(strip_accents=True, lowercase=True), BertPreTokenizer().pre_tokenize_str
sets = {"removed": [], "space": [], "punctuation": [], "ideograph": [], "mark": []}
single, several = {}, {}
for code in range(0x110000):
    if 0xD800 <= code < 0xE000:
        continue
    c = chr(code)
    cleaned = clean("a" + c + "b")[1:-1]
    if cleaned == "":
        sets["removed"].append(code)
        continue
    if cleaned == " ":
        sets["space"].append(code)
        continue
    assert cleaned == c
    if len(split("a" + c + "b")) == 3:
        sets["punctuation"].append(code)
    if apart("a" + c + "b") != "a" + c + "b":
        sets["ideograph"].append(code)
    folded = fold("a" + c + "b")[1:-1]
    if folded == "":
        sets["mark"].append(code)
    elif sets["ideograph"][-1:] == [code]:
        continue
    elif len(folded) == 1 and folded != c:
        single[code] = ord(folded)
    elif folded != c and not 0xAC00 <= code < 0xD7A4:
        several[code] = folded


def runs(codes):
    found = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def moves():
    """[first, last, step, to, advance]: capitals often stand in every second place, and accents of one letter side by side."""
    codes, found = sorted(single), []
    while codes:
        first, best = codes[0], None
        for step in (1, 2):
            for advance in (0, step):
                last = first
                while single.get(last + step) == single[first] + (last + step - first) // step * advance:
                    last += step
                if best is None or last - first > (best[1] - best[0]) // best[2] * step:
                    best = [first, last, step, single[first], advance]
        found.append(best)
        taken = set(range(best[0], best[1] + 1, best[2]))
        codes = [code for code in codes if code not in taken]
        for code in taken:
            del single[code]
    return sorted(found)


def lines(items):
    text, line = "", "   "
    for item in items:
        if len(line) + len(item) + 2 > 110:
            text, line = text + line + "\n", "   "
        line += " " + item + ","
    return text + line + "\n"


out = f"""/// What characters become in BERT's basic tokenisation, as the package tokenizers {tokenizers.__version__} has it. Written by
/// unicode/make.py; not to be changed by hand.
#pragma once

#include <cstdint>

namespace examples::unicode {{

/// From `first` to `last`, both included.
struct Run {{
  std::uint32_t first, last;
}};

/// Every `step`-th character from `first` to `last` becomes `to`, and `advance` more from one to the next.
struct Move {{
  std::uint32_t first, last, step, to, advance;
}};

/// What has several characters for letters without accents; 0: no more.
struct Several {{
  std::uint32_t from, to[3];
}};

// clang-format off
"""
for name, text in {
    "removed": "Controls, formats and characters for private use: are left out.",
    "space": "Part words.",
    "punctuation": "Are words of their own.",
    "ideograph": "Chinese characters, words of their own too.",
    "mark": "Accents (nonspacing marks), left out with the case.",
}.items():
    out += f"/// {text}\ninline constexpr Run {name}[] = {{\n"
    out += lines(f"{{{a:#x}, {b:#x}}}" for a, b in runs(sets[name])) + "};\n\n"
out += "/// To small letters without accents.\ninline constexpr Move moves[] = {\n"
out += lines(f"{{{a:#x}, {b:#x}, {s}, {t:#x}, {d}}}" for a, b, s, t, d in moves()) + "};\n\n"
out += "inline constexpr Several several[] = {\n"
out += lines(
    "{%#x, {%s}}" % (code, ", ".join([f"{ord(c):#x}" for c in text] + ["0"] * (3 - len(text))))
    for code, text in several.items()
)
out += "};\n// clang-format on\n\n}  // namespace examples::unicode\n"
pathlib.Path(__file__).parent.with_name("unicode_tables.hpp").write_text(out)
