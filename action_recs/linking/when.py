"""The words for time and frequency in a recommendation: "every evening", "by Friday", "twice a day"."""

from __future__ import annotations

import re

NUMBER = (
    r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|"
    r"fifty|sixty|"
    r"ninety|half an?|a couple of|a few|few|several)"
)
UNIT = r"(?:seconds?|minutes?|mins?|hours?|days?|nights?|weeks?|weekends?|fortnights?|months?|years?)"
WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekdays?|weekends?|weeknights?|bank holidays?)"
MONTH = r"(?:january|february|march|april|june|july|august|september|october|november|december)"
ORDINAL = (
    r"(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
    r"thirteenth|"
    r"fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty[- ]\w+|thirtieth|"
    r"thirty[- ]first)"
)
PART = r"(?:morning|afternoon|evening|night|arvo|lunchtime|lunch|dinnertime|bedtime|midday|noon|midnight|teatime)s?"
OF_DAY = rf"(?:{PART}|breakfast|supper|dinner|tea|bed|sleep|work|school|rehearsal)"
CLOCK = (
    r"(?:(?:half|quarter)(?: past| to)? )?(?:\d{1,2}(?:[:.]\d\d)?|one|two|three|four|five|six|seven|eight|nine|"
    r"ten|eleven|"
    r"twelve)(?:[- ](?:fifteen|thirty|forty-?five))?(?: ?(?:o'?clock|[ap]\.? ?m\b\.?))?"
)
CLOCK_SAID = (
    rf"(?:{CLOCK}(?! (?:of|or|times?|people|things?|{UNIT}))|(?:noon|midday|midnight))"  # "at two of them" is no time
)
EVERY = rf"(?:every|each)(?: (?:single|other|second|{NUMBER}))?"
DAY_SAID = rf"(?:{WEEKDAY}|{EVERY} (?:day|{PART}|{WEEKDAY})|the {ORDINAL}(?: of {MONTH})?|{MONTH}(?: the)? \d+\w*)"

PATTERNS = (
    rf"{EVERY} (?:(?:{PART}|{WEEKDAY}|{UNIT}|hour|time|meal|shift|visit|"
    rf"session)(?:'s)?\b)(?: {PART})?(?: at {CLOCK_SAID})?",
    rf"(?:once|twice|thrice|{NUMBER} times?|{NUMBER} (?:nights?|days?|hours?|minutes?)|\w+ (?:evenings?|mornings?))"
    rf" (?:a|an|per|each|every|out of|in the) (?:day|night|week|fortnight|month|year|hour|{PART}|seven)",
    r"(?:daily|nightly|weekly|fortnightly|monthly|hourly)",
    rf"(?:today|tonight|tomorrow)(?: {PART})?(?: at {CLOCK_SAID})?",
    rf"(?:before|after|until|till|til|by|from|since) (?:the end of )?(?:next|this|that|the coming) "
    rf"(?:week|weekend|month|time|session|visit|{WEEKDAY}|{PART})",
    rf"(?:by|before|until|till|til|from|starting|after|on|of an?|of|come)(?: the| this| next| your)? ?"
    rf"(?:{DAY_SAID}|tomorrow|today|tonight)(?: {PART})?(?: at {CLOCK_SAID})?",
    rf"(?:this|next|that|the (?:coming|next|following|first|last)|over the|at the)(?: coming| next)? "
    rf"(?:week(?:end)?|fortnight|month|few days|couple of (?:days|weeks)|{WEEKDAY}|{PART})(?: {PART})?",
    rf"(?<!of ){NUMBER} (?:evening|morning|afternoon|night|day|{WEEKDAY})s?(?: (?:this|next) (?:week|month))?",
    rf"(?:in|within|for|after)(?: about| around| at least| up to| only| the next| the first| another| just)? {NUMBER}"
    rf"(?: or {NUMBER}| to {NUMBER})?(?: more)? {UNIT}",
    rf"(?:in|during|for|over) the (?:{PART}|week|night|next (?:few |couple of |{NUMBER} )?{UNIT})",
    rf"(?:before|after|at|until|till|first thing in the|last thing at|by) {OF_DAY}(?: and {PART})?",
    rf"(?:at|by|before|after|around|about|till|until|from) {CLOCK_SAID}(?: (?:in the {PART}|at night|sharp|"
    rf"on the dot))?",
    r"(?:first|last) thing(?: in the morning| at night| tomorrow| on \w+day| \w+day|(?=[,.;]|$))",
    r"(?:between now and|before|by|until|till) (?:we (?:next )?(?:meet|speak|talk)|next time|(?:the|our|"
    r"your) next \w+)",
    r"(?:morning|night)(?: and |, ?)(?:night|morning|evening)",
    rf"{WEEKDAY}(?: (?:and|or|to) {WEEKDAY})?(?: {PART})?(?: at {CLOCK_SAID})?",
    rf"(?:next time|{NUMBER} {UNIT} (?:straight|in a row|running))",
    rf"(?!an? second\b){NUMBER}(?:[- ](?:or|to)[- ]{NUMBER})? (?:seconds?|minutes?|mins?|hours?)",
    r"of an? (?:evening|morning|afternoon|night)",
    r"all (?:day|night|week|month)",
)
WHEN = re.compile(rf"\b(?:{'|'.join(PATTERNS)})\b", re.IGNORECASE)


def time_words(text: str) -> list[tuple[int, int]]:
    """Where a text says when, how long or how often, in order; ends are exclusive.

    Examples
    --------
    >>> text = "I'd like you to write it down every evening, and bring it on Friday"
    >>> [text[start:end] for start, end in time_words(text)]
    ['every evening', 'on Friday']
    """
    return [found.span() for found in WHEN.finditer(text)]
