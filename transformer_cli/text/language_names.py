"""Languages by their names, and the sides of a corpus, as people head columns and name files."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from transformer_cli.text.languages import is_known_language, parse_language, plain_code

# The names of languages in English, in themselves and in others, by code.
_NAMES = """
en: english, anglais, englisch, inglés, inglese, engels, angielski, английский, engelska, engelsk, angličtina, 英语,
  英語;
fr: french, français, französisch, francés, francese, frans, francuski, французский, franska, fransk, francouzština,
  法语, フランス語;
de: german, deutsch, allemand, alemán, tedesco, alemão, duits, niemiecki, немецкий, tyska, tysk, němčina, 德语,
  ドイツ語;
es: spanish, español, espagnol, spanisch, spagnolo, espanhol, spaans, hiszpański, испанский, spanska, spansk,
  španělština, 西班牙语, スペイン語, castellano, castilian;
it: italian, italiano, italien, italienisch, italiaans, włoski, итальянский, italienska, italiensk, italština,
  意大利语, イタリア語;
pt: portuguese, português, portugais, portugiesisch, portoghese, portugees, portugalski, португальский, portugisiska,
  portugisisk, portugalština, 葡萄牙语, ポルトガル語;
nl: dutch, nederlands, néerlandais, niederländisch, neerlandés, olandese, holandês, niderlandzki, нидерландский,
  nederländska, nederlandsk, nizozemština, 荷兰语, オランダ語, flemish;
pl: polish, polski, polonais, polnisch, polaco, polacco, polonês, pools, польский, polska, polsk, polština, 波兰语,
  ポーランド語;
ru: russian, русский, russe, russisch, ruso, russo, rosyjski, ryska, russisk, ruština, 俄语, ロシア語;
uk: ukrainian, українська, ukrainien, ukrainisch, ucraniano, ucraino, oekraïens, ukraiński, украинский, ukrainska,
  ukrainsk, ukrajinština, 乌克兰语, ウクライナ語;
be: belarusian, беларуская, biélorusse, belarussisch, bielorruso;
bg: bulgarian, български, bulgare, bulgarisch, búlgaro, bulgaars, bułgarski, болгарский, bulgariska, bulgarsk,
  bulharština, 保加利亚语, ブルガリア語;
mk: macedonian, македонски, macédonien, mazedonisch, macedonio;
sr: serbian, српски, serbe, serbisch, serbio, serbo, sérvio, servisch, serbski, сербский, serbiska, serbisk, srbština,
  塞尔维亚语, セルビア語;
hr: croatian, hrvatski, croate, kroatisch, croata, croato, chorwacki, хорватский, kroatiska, kroatisk, chorvatština,
  克罗地亚语, クロアチア語;
bs: bosnian, bosanski, bosniaque, bosnisch, bosnio;
sl: slovenian, slovenščina, slovène, slowenisch, esloveno, sloveno, sloveens, słoweński, словенский, slovenska,
  slovensk, slovinština, 斯洛文尼亚语, スロベニア語;
cs: czech, čeština, tchèque, tschechisch, checo, ceco, tcheco, tsjechisch, czeski, чешский, tjeckiska, tjekkisk,
  捷克语, チェコ語;
sk: slovak, slovenčina, slovaque, slowakisch, eslovaco, slovacco, slowaaks, słowacki, словацкий, slovakiska, slovakisk,
  slovenština, 斯洛伐克语, スロバキア語;
hu: hungarian, magyar, hongrois, ungarisch, húngaro, ungherese, hongaars, węgierski, венгерский, ungerska, ungarsk,
  maďarština, 匈牙利语, ハンガリー語;
ro: romanian, română, roumain, rumänisch, rumano, rumeno, romeno, roemeens, rumuński, румынский, rumänska, rumænsk,
  rumunština, 罗马尼亚语, ルーマニア語, moldavian;
el: greek, ελληνικά, grec, griechisch, griego, greco, grego, grieks, grecki, греческий, grekiska, græsk, řečtina,
  希腊语, ギリシャ語, modern greek;
tr: turkish, türkçe, turc, türkisch, turco, turks, turecki, турецкий, turkiska, tyrkisk, turečtina, 土耳其语, トルコ語;
sv: swedish, svenska, suédois, schwedisch, sueco, svedese, zweeds, szwedzki, шведский, svensk, švédština, 瑞典语,
  スウェーデン語;
da: danish, dansk, danois, dänisch, danés, danese, dinamarquês, deens, duński, датский, danska, dánština, 丹麦语,
  デンマーク語;
nb: norwegian bokmål, norsk bokmål, norvégien bokmål, noruego bokmal, bokmål;
nn: norwegian nynorsk, norsk nynorsk, norvégien nynorsk, noruego nynorsk, nynorsk;
no: norwegian, norsk, norvégien, norwegisch, noruego, norvegese, norueguês, noors, norweski, норвежский, norska,
  norština, 挪威语, ノルウェー語;
fi: finnish, suomi, finnois, finnisch, finés, finlandese, finlandês, fins, fiński, финский, finska, finsk, finština,
  芬兰语, フィンランド語;
et: estonian, eesti, estonien, estnisch, estonio;
lv: latvian, latviešu, letton, lettisch, letón;
lt: lithuanian, lietuvių, lituanien, litauisch, lituano;
is: icelandic, íslenska, islandais, isländisch, islandés;
ga: irish, gaeilge, irlandais, irisch, irlandés, irish gaelic, gaelic;
cy: welsh, cymraeg, gallois, walisisch, galés;
br: breton, brezhoneg, bretonisch;
eu: basque, euskara, baskisch, euskera;
ca: catalan, català, katalanisch, catalano, catalão, catalaans, kataloński, каталанский, katalanska, catalansk,
  katalánština, 加泰罗尼亚语, カタロニア語, valencian;
gl: galician, galego, galicien, galicisch, gallego;
sq: albanian, shqip, albanais, albanisch, albanés;
mt: maltese, malti, maltais, maltesisch, maltés;
af: afrikaans;
sw: swahili, kiswahili, suaheli, suajili;
zu: zulu, isizulu, zoulou;
xh: xhosa, isixhosa;
am: amharic, አማርኛ, amharique, amharisch, amárico;
so: somali, soomaali;
ar: arabic, العربية, arabe, arabisch, arabo, arabski, арабский, arabiska, arabisk, arabština, 阿拉伯语, アラビア語;
fa: persian, فارسی, persan, persisch, persa, persiano, perzisch, perski, персидский, persiska, persisk, perština,
  波斯语, ペルシア語, farsi;
ps: pashto, پښتو, pachto, paschtu, pastún;
ur: urdu, اردو, ourdou;
he: hebrew, עברית, hébreu, hebräisch, hebreo, ebraico, hebraico, hebreeuws, hebrajski, иврит, hebreiska, hebraisk,
  hebrejština, 希伯来语, ヘブライ語, ivrit;
hi: hindi, हिन्दी, хинди, hindština, 印地语, ヒンディー語;
bn: bangla, বাংলা, bengali, bengalisch;
pa: punjabi, ਪੰਜਾਬੀ, pendjabi, punyabí;
gu: gujarati, ગુજરાતી, goudjarati, guyaratí;
mr: marathi, मराठी, maratí;
ne: nepali, नेपाली, népalais, nepalesisch;
ta: tamil, தமிழ், tamoul;
te: telugu, తెలుగు, télougou;
kn: kannada, ಕನ್ನಡ, canarés;
ml: malayalam, മലയാളം;
si: sinhala, සිංහල, cingalais, singhalesisch, cingalés;
th: thai, ไทย, thailändisch, tailandés, thailandese, tajski, тайский, thailändska, thajština, 泰语, タイ語;
lo: lao, ລາວ, laotisch;
km: khmer, ខ្មែរ, jemer, cambodian;
my: burmese, မြန်မာ, birman, birmanisch, birmano, myanmar;
vi: vietnamese, tiếng việt, vietnamien, vietnamesisch, vietnamita, vietnamees, wietnamski, вьетнамский, vietnamesiska,
  vietnamesisk, vietnamština, 越南语, ベトナム語;
id: indonesian, indonesia, indonésien, indonesisch, indonesio, indonesiano, indonezyjski, индонезийский, indonesiska,
  indonesisk, indonéština, 印度尼西亚语, インドネシア語, bahasa indonesia;
ms: malay, melayu, malais, malaiisch, malayo, bahasa melayu;
tl: tagalog, tagalo, filipino;
zh: chinese, 中文, chinois, chinesisch, chino, cinese, chinês, chinees, chiński, китайский, kinesiska, kinesisk,
  čínština, 中国語, 汉语, 漢語, 普通话, mandarin;
ja: japanese, 日本語, japonais, japanisch, japonés, giapponese, japans, japoński, японский, japanska, japansk,
  japonština, 日语;
ko: korean, 한국어, coréen, koreanisch, coreano, koreaans, koreański, корейский, koreanska, koreansk, korejština, 韩语,
  韓国語;
mn: mongolian, монгол, mongol, mongolisch;
kk: kazakh, қазақ тілі, kasachisch, kazajo;
ky: kyrgyz, кыргызча, kirghize, kirgisisch, kirguís;
uz: uzbek, o‘zbek, ouzbek, usbekisch, uzbeko;
tg: tajik, тоҷикӣ, tadjik, tadschikisch, tayiko;
tt: tatar, татар, tatarisch, tártaro;
az: azerbaijani, azərbaycan, azerbaïdjanais, aserbaidschanisch, azerbaiyano;
hy: armenian, հայերեն, arménien, armenisch, armenio;
ka: georgian, ქართული, géorgien, georgisch, georgiano;
eo: esperanto;
la: latin, latina, latein;
lb: luxembourgish, lëtzebuergesch, luxembourgeois, luxemburgisch, luxemburgués;
yi: yiddish, ייִדיש, jiddisch, yidis;
bo: tibetan, བོད་སྐད་, tibétain, tibetisch, tibetano;
ku: kurdish, kurde, kurdisch, kurdo
"""
_REGIONS = {
    "br": "brazil brasil brazilian brasileiro bresil brasilien",
    "pt": "portugal european",
    "us": "us usa american",
    "gb": "uk gb british britain",
    "ca": "canada canadian quebec",
    "mx": "mexico mexican",
    "hans": "simplified simplifie vereinfacht hans 简体 简体中文",
    "hant": "traditional traditionnel traditionell hant 繁體 繁体 繁體中文",
}
_SIDES = {
    "source": "source src original originaux quelle ausgangstext ausgangssprache quelltext originaltext origen origine "
    "originale fuente оригинал исходный źródło bron kaynak 原文 源 源语言",
    "target": "target tgt trg translation translations translated cible traduction traductions traduit ziel zieltext "
    "zielsprache ubersetzung ubersetzungen ubersetzt destino traduccion traducido traducao traduzido traduzione "
    "tradotto vertaling tłumaczenie перевод översättning översatt oversættelse oversettelse preklad çeviri "
    "equivalent entsprechung 译文 譯文 翻译 翻譯 翻訳 目标 目标语言 訳文",
}
# Words that say nothing about the language or the side.
_NEUTRAL = """
text texte texto testo sentence sentences segment segments string strings phrase phrases line lines lang language langue
sprache idioma column col version side value term
"""
_SEPARATORS = re.compile(r"[\s_\-.,:;/|()\[\]{}<>\"'（）【】]+")
_IN_BRACKETS = re.compile(r"(?<=\w)\s*[(（][^()（）]*[)）]\s*$")
_MOST_WORDS = 6


def _plain(text: str) -> str:
    """Return a text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in _SEPARATORS.split(_plain(text)) if word)


_CODES = {
    _words(name): code.strip()
    for code, _, names in (row.partition(":") for row in _NAMES.split(";"))
    for name in names.split(",")
}
_QUALIFIERS = {_plain(word): part for part, words in _REGIONS.items() for word in words.split()}
_IGNORED = frozenset(_NEUTRAL.split())
_OF_LANGUAGES = frozenset(["lang", "language", "langue", "sprache", "idioma"])
_SIDE_OF = {_plain(word): side for side, words in _SIDES.items() for word in words.split()}


@lru_cache(maxsize=4096)
def language_of_heading(text: str) -> str | None:
    """Return the code of the language that a heading names.

    Names of languages in several languages count, codes, and both among words such as "text" and "source":
    ``English``, ``Anglais``, ``Source (en-US)``, ``sentence_eng_Latn``, ``Brazilian Portuguese``.

    Returns:
        The code, or None if the heading names no language, several, or has other words.
    """
    if is_known_language(text):
        return plain_code(text)
    # Regions have many names: "English (United Kingdom)".
    return _language_of_words(text) or _language_of_words(_IN_BRACKETS.sub("", text))


def _language_of_words(text: str) -> str | None:
    words = [word for word in _words(text) if word not in _IGNORED and word not in _SIDE_OF]
    if not 0 < len(words) <= _MOST_WORDS:
        return None
    found, parts = [], set()
    place = 0
    while place < len(words):
        length, code = _language_at(words, place, text)
        if code is not None:
            found.append(code)
        elif words[place] in _QUALIFIERS and len(words) > 1:
            parts.add(_QUALIFIERS[words[place]])
        else:
            return None
        place += length
    names = {parse_language(code).name for code in found}
    if len(names) != 1:
        return None
    longest = max(found, key=len)
    return longest if "-" in longest or len(parts) != 1 else f"{longest}-{parts.pop()}"


def _language_at(words: list[str], place: int, text: str) -> tuple[int, str | None]:
    """Return the number of words at a place that name a language, and its code, or 1 and None."""
    for length in (2, 1):
        if name := _CODES.get(tuple(words[place : place + length])):
            return length, name
    for length in (3, 2, 1):
        parts = words[place : place + length]
        code = "-".join(parts)
        # "it is" has no code of two parts, "it_IS" has.
        if len(parts) == length and is_known_language(code) and code in plain_code(text):
            return length, code
    return 1, None


def names_a_code(text: str) -> bool:
    """Return whether a heading may stand over codes of languages, as "source_lang" does, not over texts."""
    return not _OF_LANGUAGES.isdisjoint(_words(text))


def side_of_heading(text: str) -> str | None:
    """Return "source" or "target" if a heading says just that, in one of several languages, else None."""
    words = [word for word in _words(text) if word not in _IGNORED]
    sides = {_SIDE_OF.get(word) for word in words}
    return sides.pop() if len(sides) == 1 and len(words) <= 2 else None
