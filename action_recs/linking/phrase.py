"""A recommendation as a short command: "maybe you could call your brother" -> "call your brother".

The words are the therapist's own. What makes them a recommendation ("I'd like you to", "have you thought about") goes,
fillers go, "going back" becomes "go back", and a time or a condition that stands in front moves to the end. A way of
speaking that is not known here keeps its words.
"""

from __future__ import annotations

import re

from action_recs.linking.when import WHEN

MOST_WORDS = 16
"""A longer phrase is cut, at a comma or an "and" where there is one."""

FILLER = re.compile(
    r"(?:(?<=\s)|^)(?:[Uu]+m+|[Uu]+h+|[Ee]rm|er|[Hh]mm?|you know|i mean|I mean|sort of|kind of|kinda),?(?=\s|$)"
)
STUTTER = re.compile(r"\b([\w']+(?: [\w']+)?)(?:-|,|\.\.\.)? \1\b(?!-)", re.IGNORECASE)
OPENING = re.compile(
    r"(?:so|and|then|but|or|well|maybe|perhaps|now|okay|ok|right|honestly|please|just|really|also|again|"
    r"possibly|even|oh|"
    r"at least|either|instead|first of all|first off|if anything|for now|let's say|say(?=,))\b,?\s+",
    re.IGNORECASE,
)

SOFT = (
    r"(?:,? ?(?:just|maybe|perhaps|always|really|absolutely|definitely|actually|also|even|still|probably|"
    r"possibly|at least|"
    r"simply|ever|please|then|instead|certainly|honestly|only|both|all|kind of|sort of|like)\b,?)*"
)
MODAL = (
    r"(?:(?:may|might) as well|(?:might|may) (?:want|wish|like) to|(?:might|could) (?:even )?(?:try|could)|"
    r"could|might|should|can|may|must|will|shall|would|'?ll|'d better|had better|need to|needs to|have to|'ve got to|"
    r"ve got to|have got to|got to|gotta|gonna|going to|want to|wanna|ought to|oughta|are going to|"
    r"'?re going to|'?re gonna|"
    r"are gonna|are to|'?re to|'ll (?:want|need|have) to|'d (?:want|need|have|do well|be wise) to|"
    r"are free to|'?re welcome to|do well to|try to|try and)"
)
YOU = r"(?:you|u|ya|the two of you|you two|yourself)"
LIKE = r"(?:like|want|need|love|prefer|encourage|ask|advise|urge|invite|expect|suggest|recommend|propose)"

COMMAND_FRAMES = (
    rf"(?:what|all) i(?:'?d| would| will|"
    rf"'ll)?{SOFT} {LIKE}(?: {YOU})? to(?: try and)? do(?: \w+){{0,2}} is(?: for {YOU} to| to)?",
    rf"(?:what |all )?i(?:'?d| would| do| might| really| am going to| will|'ll|'?m going to|"
    rf"'?m gonna)?{SOFT} {LIKE}{SOFT}"
    rf"(?: is)?(?: that| for)?(?: {YOU})?{SOFT}(?: is)?(?: for {YOU})?(?: (?:to(?: try(?: to| and)?)?|"
    rf"you(?: {MODAL})?))",
    rf"{YOU}{SOFT} ?{MODAL}{SOFT}(?: {MODAL}{SOFT})?",
    rf"(?:what|how) (?:if|about if) {YOU}{SOFT}(?: {MODAL})?{SOFT}",
    rf"(?:why don'?t|why not|how about|what about|what say){SOFT}(?: {YOU}| we)?{SOFT}",
    rf"(?:would|could|will|can|might|won'?t|do|don'?t) {YOU}{SOFT}(?: (?:be (?:willing|able|open|happy|prepared|"
    rf"up for it) to|"
    rf"like to|care to|want to|think you (?:could|can|might)|manage to|consider|think about))?{SOFT}",
    rf"i(?: was)?(?:'?m)? ?(?:wonder(?:ed|ing)?)(?: if| whether|,){SOFT}(?: (?:{YOU}|it)){SOFT}(?: ?{MODAL}|"
    rf"'d)?{SOFT}"
    r"(?: (?:be able to|be willing to|like to|consider|think of|think about|try to|be worth|help to))?",
    r"i don'?t suppose you(?:'d| would| could)(?: ever)? (?:think of|consider)?",
    r"(?:it|that|this)(?:'s| is|'d| would| could| might| may|'ll| will)(?: not| never)?(?: well| really| also|"
    r" maybe)*"
    r"(?: be)?(?: \w+ly)? (?:worth|good|useful|helpful|instructive|nice|wise|kind|interesting|great|best|better|idea|"
    r"a (?:good|great|fine|kind) \w+|important|sensible|handy|time|no harm)(?: (?:your while|for you|idea|a try|"
    r"for))*(?: to| in)?",
    r"(?:it|that) (?:wouldn'?t|won'?t|can'?t|couldn'?t|might not|may) (?:hurt|harm|kill you|help)(?: you)?(?: to)?",
    r"(?:it|that|this) (?:might|could|may|would|can) (?:help|do you good|pay|do no harm|"
    r"suit you)(?: you)?(?: if you| to)",
    r"there(?:'s| is|'d be) (?:no (?:harm|shame) in|nothing to stop you|no reason (?:why )?you couldn'?t)",
    r"(?:the|our|your) (?:plan|task|job|homework|assignment|experiment|idea|deal|aim|thing|exercise)(?: here| now)?"
    r"(?: is|'s| would be)(?: for you| that you)?(?: to|'ll|'re going to)?",
    r"(?:one|another|the other|the next|one other) (?:thing|option|idea|possibility|"
    r"way)(?: that)?(?: you (?:could|might|can) "
    r"(?:do|try))?(?: is|'s| would be| might be)(?: for you)?(?: to)?",
    r"(?:make sure|be sure|see to it)(?: that)? you(?:'re|'ve)?",
    r"have you(?: ever| not)?(?: thought| considered| tried| looked)(?: about| of| at| into)?",
    r"have you given any thought to",
    r"how (?:would it (?:be|feel)|would you feel|do you feel|would you be)(?: if you| to| about)?",
    r"(?:see if|see whether) you (?:can|could)",
    r"(?:if i (?:was|were) you,? )?i(?:'?d| would)(?: (?:think|suggest|say|recommend|consider|be inclined to|"
    r"want you to))?"
    rf"{SOFT}",
    r"let(?:'s|s) (?:try|have you|see you|get you|plan on|go with)",
    r"are you (?:willing|able|open|up for it) to",
    r"give some thought to",
)
NOT_FRAMES = (
    rf"{YOU}{SOFT}(?: (?:shouldn'?t|can'?t|cannot|mustn'?t|must not|do not|don'?t|dont|won'?t|will not|"
    rf"oughtn'?t(?: to)?|"
    rf"never|needn'?t|do(?:n'?t| not) need to|do(?:n'?t| not) want to|should not|better not)|"
    rf"(?:'?re| are) not(?: to| going to|)|(?:'d| had) better not){SOFT}(?: be)?",
    r"i(?:'d| would)?(?: really)? (?:wouldn'?t|would not|shouldn'?t|don'?t want you to|'d rather you (?:didn'?t|"
    r"did not))(?: be)?",
    r"(?:just |please )*(?:don'?t|do not|dont|never)(?: you| be| go)*(?= \w+ing\b)",
)
FRAME = re.compile(
    rf"(?P<negative>{'|'.join(NOT_FRAMES)})\s+|(?P<positive>{'|'.join(COMMAND_FRAMES)})(?:,)?\s+", re.IGNORECASE
)
PLAIN_YOU = re.compile(
    r"(?:you|youse|ye)(?: two)?(?:,? you)? (?!are\b|were\b|was\b|had\b|have got\b|know\b|said\b|'|also can'?t\b)",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"(?:when|whenever|if|after|before|once|every|each|on|at|in|by|from|starting|until|till|as soon as|"
    r"the (?:minute|moment|"
    r"next time|first)|next time|for|during|while|any ?(?:time|day)|over|this|monday|tuesday|wednesday|thursday|"
    r"friday|"
    r"saturday|sunday|today|tonight|tomorrow|instead of|between)\b",
    re.IGNORECASE,
)
"""How words in front open that say when, and belong to the action."""

GERUND = re.compile(r"(?P<soft>(?:just|maybe|perhaps|even|really|actually|simply) )?(?P<word>[a-z]{2,}ing)\b")
JOINED_GERUND = re.compile(r"((?:,| and| or)(?: then)?(?: just| maybe)? )([a-z]{2,}ing)\b")
QUESTIONS = ("would ", "could ", "will ", "can ", "might ", "won't ", "wont ", "do ", "don't ")
"""How a frame opens that is one only where a sentence begins: not in "every can you open"."""

NO_GERUNDS = {"bring", "ring", "sing", "spring", "string", "swing", "thing", "king", "wing", "sting", "cling", "fling",
              "something", "nothing", "anything", "everything", "morning", "evening", "during", "wedding", "building",
              "meeting", "ping", "ceiling", "clothing", "sibling", "pudding"}  # fmt: skip
SILENT_E = {"breath": "breathe", "bath": "bathe", "chang": "change", "arrang": "arrange", "challeng": "challenge",
            "exchang": "exchange", "invit": "invite", "prepar": "prepare", "schedul": "schedule", "practic": "practice",
            "notic": "notice", "organis": "organise", "complet": "complete", "imagin": "imagine", "explor": "explore",
            "compar": "compare", "shar": "share", "decid": "decide", "divid": "divide", "provid": "provide",
            "promis": "promise", "measur": "measure", "figur": "figure", "substitut": "substitute", "past": "paste",
            "reduc": "reduce", "exercis": "exercise", "apologis": "apologise", "apologiz": "apologize",
            "recognis": "recognise", "calculat": "calculate", "creat": "create", "negotiat": "negotiate",
            "communicat": "communicate", "donat": "donate", "rotat": "rotate", "alternat": "alternate",
            "wast": "waste", "tast": "taste", "volunteer": "volunteer", "visit": "visit", "limit": "limit",
            "edit": "edit", "open": "open", "listen": "listen", "consider": "consider", "offer": "offer",
            "order": "order", "enter": "enter", "remember": "remember", "water": "water", "cover": "cover",
            "answer": "answer", "gather": "gather", "pester": "pester", "argu": "argue", "ey": "eye", "di": "die",
            "ly": "lie", "ty": "tie", "dy": "die", "be": "be", "do": "do", "go": "go", "see": "see",
            "ag": "age", "us": "use", "ow": "owe", "focus": "focus", "cancel": "cancel", "travel": "travel",
            "monitor": "monitor", "develop": "develop", "vap": "vape", "chas": "chase"}  # fmt: skip
"""Stems that the rules of spelling below get wrong."""


def phrase_of(text: str) -> str:
    """The action of a recommendation in a few words.

    Parameters
    ----------
    text : str
        The words of the recommendation.

    Examples
    --------
    >>> phrase_of("Maybe you could, um, call your brother one evening")
    'call your brother one evening'
    >>> phrase_of("have you thought about going back to cooking")
    'go back to cooking'
    >>> phrase_of("After supper I'd like you to write down three things that went well")
    'write down three things that went well after supper'
    """
    words = _plain(text)
    phrase, moved = _without_frame(words)
    phrase = f"{phrase} {moved}".strip() if moved else phrase
    return _short(_opened(phrase)) or _short(words)


def _plain(text: str) -> str:
    text = " ".join(text.replace("’", "'").split())
    text = " ".join(FILLER.sub(" ", text).split())
    return STUTTER.sub(r"\1", text).strip(" ,;:-")


def _without_frame(words: str) -> tuple[str, str]:
    """The action, and the words in front of its frame that say when it is to be done."""
    words = _without_opening(words)
    frame = FRAME.search(words)
    if frame is None or (frame.start() > 0 and not _introduces(words[: frame.start()], frame[0])):
        plain = PLAIN_YOU.match(words)
        return (words[plain.end() :] if plain else words), ""
    before = words[: frame.start()].strip(" ,;-.")
    rest = _without_opening(words[frame.end() :])
    if frame["negative"]:
        return f"don't {_base_form(rest)}", _lower(before)
    further = FRAME.match(rest) or PLAIN_YOU.match(rest)
    if further:
        rest = rest[further.end() :]
        if "negative" in further.groupdict() and further["negative"]:
            return f"don't {_base_form(rest)}", _lower(before)
    if rest.startswith("not "):
        return f"don't {_base_form(rest[4:])}", _lower(before)
    return _base_form(rest), _lower(before)


def _introduces(before: str, frame: str) -> bool:
    """Whether words before a frame may move behind it: a time or a condition, and not a sentence of their own."""
    if frame.lower().startswith(QUESTIONS) and not before.rstrip().endswith((",", ".", "?", ";")):
        return False
    before = before.strip(" ,;-")
    return (2 <= len(before.split()) <= 14 and bool(CONDITION.match(before))) or bool(WHEN.fullmatch(before))


def _without_opening(words: str) -> str:
    while found := OPENING.match(words):
        words = words[found.end() :]
    return words


def _base_form(words: str) -> str:
    """With a first "going" as "go", and those that are joined to it by "and"."""
    found = GERUND.match(words)
    if not found or found["word"] in NO_GERUNDS:
        return words
    words = (found["soft"] or "") + base_verb(found["word"]) + words[found.end() :]
    return JOINED_GERUND.sub(lambda each: each[1] + base_verb(each[2]), words)


def base_verb(gerund: str) -> str:
    """The verb of an "-ing" form, by English spelling.

    Examples
    --------
    >>> [base_verb(word) for word in ("going", "writing", "putting", "calling", "keeping", "bringing", "joining")]
    ['go', 'write', 'put', 'call', 'keep', 'bring', 'join']
    """
    word = gerund.lower()
    if word in NO_GERUNDS or not word.endswith("ing"):
        return word
    stem = word.removesuffix("ing")
    if stem in SILENT_E:
        return SILENT_E[stem]
    if re.search(r"([bdgkmnprt])\1$", stem):
        return stem[:-1]
    if re.search(r"(?:[uvz]|[^aeiou]c|[aeiou]c|dg|rg|[^aeious][aeiou]s|[bcdfgkpstz]l|[rnl]s)$", stem) or re.fullmatch(
        r"(?:[^aeiou]|qu|wh|sh|ch|th|st|str|sk|sm|sn|sp|spr|scr|pl|pr|cl|cr|dr|tr|br|bl|gl|gr|fl|fr|sl|"
        r"wr)?[aiou][bdgkmnptlr]",
        stem,
    ):
        return stem + "e"
    return stem


def _opened(phrase: str) -> str:
    return _lower(_without_opening(phrase.strip(" ,;:.!?-")))


def _lower(phrase: str) -> str:
    """Without a capital at the start, unless the word is "I" or has more of them."""
    first = phrase.split(" ", 1)[0]
    keep = first == "I" or first.startswith("I'") or first[1:] != first[1:].lower()
    return phrase if keep else phrase[:1].lower() + phrase[1:]


def _short(phrase: str) -> str:
    words = phrase.strip(" ,;:.!?-").split()
    if len(words) <= MOST_WORDS:
        return " ".join(words)
    cut = MOST_WORDS
    for place in range(MOST_WORDS, 5, -1):
        if words[place - 1].endswith((",", ".", ";", "?", "!")) or words[place] in ("and", "or", "then", "but"):
            cut = place
            break
    return " ".join(words[:cut]).rstrip(" ,;:.!?-") + " …"
