"""Expected pieces of texts that are nasty to cut: python make.py writes vocab.txt and cases.json beside itself.

From the package `tokenizers`, as `transformers`' BertTokenizer is made of it; bytes in UTF-8 in place of its characters."""

import json, pathlib
import tokenizers
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = """the quick brown fox jump ##s ##ed ##ing un ##aff ##able ##ably cafe caf ##e naive resume Resume Été ete The
a b c ab abc ##b ##c ##bc ##ab ! , . ? ' - ( ) [ ] ## # $ + ^ ` ~ | < = > " ; : % & * / \\ @ _ { } … “ ” ¿ 。 、 — ’
中 国 語 日 本 ##国 ᄒ ##ᅡ ##ᆫ ᄀ ##ᅮ ##ᆨ 한국 ß ##ß strasse straße μ ς σ οδυσσευσ i ı ist ##anbul и й й ё е елка 1 2 3 ##2 ##3 12 x ##x
don t can ' re ##' 😀 👍 ##🏽 fi ﬁ æ ø ल ##ि ##् हि ##न ##द ##ी ก ##า े mask cls ##0 0 № Ⅷ ⅷ ά α""".split()

TEXTS = [
    "", " ", "\t\n\r", "the quick brown fox", "The QUICK  Brown\tfox.", "unaffable unaffably unaffab", "jumps, jumped; jumping!",
    "don't can't re-re", "abcabc abcb abx", "café CAFÉ cafe\u0301 caf\u00e9\u0301", "Été naïve résumé Résumé RESUME\u0301",
    "ab\u0000c a\u0007b a\ufffdb", "a\u200bb a\u200db a\ufeffb a\u00adb", "a\u00a0b a\u3000b a\u2003b a\u2028b a\u0085b a\u000bb",
    "中国語 日本。、abc中abc", "한국 각", "Straße STRASSE straße", "ΟΔΥΣΣΕΎΣ σς Ά", "İstanbul ISTANBUL ıst", "Й й Ё ёлка",
    "123 12x 1,2.3", "x" * 100, "x" * 101, "x" + "x" * 99 + " x", "é" * 100, "é" * 101, "😀 👍🏽 a😀b", "ﬁ fi Æ Ø",
    "हिन्दी ल्", "กา", "[MASK] the [CLS] a [SEP] [PAD][UNK]", "[mask] [ MASK ] [MASK", "[[MASK]]", "a[MASK]b",
    "##s ## #", "“the” ‘quick’ — … ¿?", "$a+b^c`~|<=>", "¤€£", "\u037e \u1fef", "\uf900 \u4e00", "№ Ⅷ", "a_b@c", "\u0301a \u0301",
    "\ud7a3", "\U0001d400", "\u00b5 \u2126",
]
PAIRS = [("the quick", "brown fox"), ("", ""), ("a", ""), ("", "b"), ("café", "[MASK] 中国")]


def tokenizer(lower):
    vocabulary = {piece: i for i, piece in enumerate(VOCABULARY)}
    t = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=lower)
    t.pre_tokenizer = BertPreTokenizer()
    t.add_special_tokens([AddedToken(piece, normalized=False, special=True) for piece in SPECIAL])
    t.post_processor = TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(piece, vocabulary[piece]) for piece in ("[CLS]", "[SEP]")],
    )
    return t


def case(t, lower, texts):
    found = t.encode(*texts)
    def byte(i, offset):
        which = found.sequence_ids[i]
        return len(texts[which][:offset].encode()) if which is not None else 0
    places = [[byte(i, a), byte(i, b)] for i, (a, b) in enumerate(found.offsets)]
    return {"texts": list(texts), "lower": lower, "ids": found.ids, "types": found.type_ids, "bytes": places}


VOCABULARY = list(dict.fromkeys(SPECIAL + PIECES))
if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    cases = [case(tokenizer(lower), lower, texts) for lower in (True, False) for texts in [(t,) for t in TEXTS] + PAIRS]
    (here / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    (here / "cases.json").write_text(f'{{"tokenizers": "{tokenizers.__version__}", "cases": [\n{lines}\n]}}\n')
