"""The words that say when a clause comes, and the polite words around what is asked."""

from __future__ import annotations

import re

_DONE = r"(?:done|finished|finish|finishes|complete[ds]?|ready|over|through|there|in place|succeeded|succeeds?|passed|pass|in|set|happened)"  # noqa: E501 - a pattern reads best in one piece
_IT_IS = r"(?:that|this|it)(?:'s| is| has| has been| was)?(?: all)?"
_THEY_ARE = r"(?:(?:all|both|everything|each|every one|all (?:two|three|four|five)|all steps|they|these|those|both jobs|both steps)(?: of (?:that|this|them|these|those))?(?:(?:'s|'re| is| are| has| have)(?: been| all| both)*)?|the (?:two|three|four|others?)(?: of them)?(?: are| have)?)"  # noqa: E501 - a pattern reads best in one piece

LEADING = re.compile(
    r"^(?:and\s+|but\s+|so\s+|well,?\s+)?(?:"
    r"(?P<rewind>first(?= (?:though|however))|(?:right |just )?(?:before|prior to|ahead of) (?:that|this|it|doing (?:so|that|this)|you do (?:so|that))|beforehand|but first|first of all though)"  # noqa: E501 - a pattern reads best in one piece
    r"|(?P<rewind_all>(?:before|prior to|ahead of) (?:both|either|these|those|them|all(?: of (?:that|this|it|them))?|everything(?: else)?|any of (?:that|this|it|these|them)))"  # noqa: E501 - a pattern reads best in one piece
    r"|(?P<first>first(?:ly)?(?: of all| off| up)?|to (?:start|begin)(?: (?:with|off))?|start(?:ing)? (?:off )?by|begin(?:ning)? by|start with|initially|as a first step|in a first step|step one)"  # noqa: E501 - a pattern reads best in one piece
    rf"|(?P<next>then|next(?: up)?|after(?:wards?| that| this| which)|subsequently|second(?:ly)?|third(?:ly)?|fourth(?:ly)?|fifth(?:ly)?|later(?: on)?|thereafter|from (?:there|it|them)|following (?:that|this)|(?:once|when|as soon as|after|if) {_IT_IS} {_DONE}|with (?:that|this) done|having done (?:that|this|so)|as (?:a|the) next step|(?:the |in the )?next step is to|when done|once done|upon completion|on completion|at that point|right after(?: that)?|immediately after(?:wards| that)?|only then|straight after(?:wards| that)?)"  # noqa: E501 - a pattern reads best in one piece
    rf"|(?P<last>finally|lastly|last(?: of all)?|in the end|at the (?:very )?end|to (?:finish|wrap up|close|conclude)(?: (?:off|up|things (?:off|up)))?|ultimately|eventually|as (?:a|the) (?:last|final) step|(?:once|when|after|as soon as|if) {_THEY_ARE}(?: (?:jobs|tasks|steps|branches))?(?: have| are)? ?{_DONE}|when (?:everything|all) is said and done|the (?:last|final) step is to)"  # noqa: E501 - a pattern reads best in one piece
    r"|(?P<beside>meanwhile|in the meantime|at (?:the )?same time|simultaneously|in parallel(?: (?:to|with) (?:that|this|it))?|concurrently|parallel to (?:that|this)|alongside(?: (?:that|this))?|while (?:that|this|it)(?:'s| is)?(?: (?:happening|running|going on|happens|runs|in progress|under way))|while (?:you(?:'re| are)|we(?:'re| are)) at it|during that time)"  # noqa: E501 - a pattern reads best in one piece
    r"|(?P<also>also|additionally|in addition|besides|plus|as well|moreover|furthermore|on top of that)"  # noqa: E501 - a pattern reads best in one piece
    r")\b(?:\s*[,:-]\s*|\s+|$)",
    re.IGNORECASE,
)

TRAILING_BESIDE = re.compile(
    r"[,\s]*\b(?:in parallel(?: with (?:that|it|each other|one another))?|at (?:the )?same time|simultaneously|concurrently|side by side|all at once|at once|together in parallel|in tandem|independent(?:ly)?(?: (?:of|from) (?:each other|one another))?)[\s.,]*$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
TRAILING_ORDER = re.compile(
    r"[,\s]*\b(?:(?P<next>afterwards?|after that|thereafter|subsequently|next|when (?:that|it)(?:'s| is) (?:done|finished)|right after(?:wards)?|straight after(?:wards)?|in the end|at the (?:very )?end|to finish(?: off)?)|(?P<rewind>beforehand|first(?! (?:time|level|line))|before that|up front|in advance))[\s.,]*$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)

THEN = re.compile(
    r"\s*[,;]?\s*(?:\b(?:and|but)\s+)?(?:\b(?P<then>then(?! again)|after(?:wards?\b| that\b| which\b| this\b)|(?<!the )(?<!our )(?<!its )(?<!their )(?<!your )(?<!a )next(?=[, ])(?! (?:day|week|month|year|run|step|to|time|quarter|business|morning|monday|tuesday|wednesday|thursday|friday))|subsequently|finally|lastly|thereafter|followed by|before finally|eventually|in turn|and last)|\b(?P<beside>meanwhile|(?:while |and |but )?(?:at (?:the )?same time|simultaneously|in parallel|concurrently)(?! (?:with|to)\b)|while also|while)|(?P<rewind>but (?:first|before that|beforehand|before you do)|but do that only after)|(?P<arrow>-+>|=>|>>))(?=\W|$)\s*[,:]?\s*",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)

POLITE = re.compile(
    r"^(?:"
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))(?: (?:there|team|all|luthier|folks|everyone|everybody|guys))?(?=\s*[,!.:-])\s*[,!.:-]*\s*"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:please|pls|plz|kindly|ok(?:ay)?|so|well|alright|right|hey|yo|now|yes|yeah|um+|uh+)\b\s*,?\s+"
    r"|(?:can|could|would|will|may|might) (?:you|we|u|i|it|someone|somebody)(?: (?:please|kindly|also|maybe|possibly|perhaps|have|get)(?=\s))*\s+"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:i|we|they)(?:'d| would)(?: really| also)? (?:like|love|want|prefer|appreciate)(?: it if)?(?: (?:you|it|this|us))?(?: (?:to|could|would))*(?: (?:have|see|get)(?= (?:the|a|an|my|our|all)))?\s+"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:i|we)(?: also| really| just| basically| simply| now| always)* (?:want|need|wish|have|got|must|should|gotta|wanna|am going|are going)(?: (?:you|it|this|us|someone|something|a (?:workflow|flow|pipeline|job|process|automation)))?(?: (?:that|which|who|to))*\s+"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:i'm|we're|i am|we are) (?:looking|trying|hoping|planning|going|about) (?:to|for (?:a way to|something that|a (?:workflow|pipeline|process|flow) (?:that|to|which)))\s+"  # noqa: E501 - a pattern reads best in one piece
    r"|let(?:'s| us)\s+|help (?:me|us)(?: to)?\s+|(?:make|be) sure (?:to|that (?:you|we)|you|we)\s+|(?:remember|try) to\s+|don't forget to\s+"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:it|this|that|the (?:workflow|flow|pipeline|job|automation|process|system|bot|agent)|your (?:job|task)|(?:you|we|i|they))(?: (?:should|must|needs? to|has to|have to|will|shall|can|may|is to|are to|'ll|ought to))(?: then| also| always| first| just)*\s+"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:it would|it'd|that would|would) be (?:great|nice|good|cool|helpful|awesome|lovely|ideal|useful) (?:if|to)(?: (?:you|it|we|someone))?(?: (?:could|would|can|to))?\s+"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:is there|do you have|i need|we need|looking for) (?:a|any|some) way (?:to|of)\s+|(?:is it|would it be) possible to\s+"  # noqa: E501 - a pattern reads best in one piece
    r"|go ahead and\s+|(?:just|simply|automatically|quickly|also|always|kindly|maybe|basically|merely|immediately|directly|now)\s+(?!at\b)"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:the )?(?:goal|idea|task|plan|aim|job|objective|point|thing) (?:here )?is (?:to|that (?:we|you))\s+"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:here's|here is) what (?:i|we) (?:want|need)(?: you)?(?: to do)?\s*[:,-]?\s*|(?:what|all) (?:i|we) (?:want|need)(?: (?:you to do|to do))? is (?:to|for you to|that you|a (?:workflow|flow|job) (?:that|which))?\s*"  # noqa: E501 - a pattern reads best in one piece
    r")",
    re.IGNORECASE,
)

CONTAINER = re.compile(
    r"^(?:(?:set up|setup|create|build|make|write|design|draft|give me|put together|generate|define|prepare|schedule|add|configure|implement|develop|automate|come up with|have|run|start)\s+)?(?:me\s+|us\s+)?(?:an?|the|some|this|one)?\s*(?:(?:new|simple|small|little|automated|automatic|scheduled|recurring|quick|basic|short|daily|nightly|weekly|monthly|hourly|complete|end-to-end|two-step|three-step|multi-step)\s+)*(?:work ?flow|flow|pipeline|automation|job|process|routine|script|task|thing|something|bot|system|chain|sequence)(?: called \S+)?(?: for (?:me|us))?\s*(?:,\s*)?(?:(?:that|which)\s+(?:will\s+|should\s+|can\s+|would\s+|does the following\s*:?\s*|first\s+|automatically\s+)*|to\s+(?!the\b|my\b|our\b)|where (?:you|we|it|i)\s+|:\s*|in which (?:you|we|it)\s+|does the following\s*:?\s*|with (?:the following |these )?steps?\s*:\s*)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)

ALL_BESIDE = re.compile(
    r"(?:(?:please|and|but|so|you can|we can|they can|can)\s+)*(?:(?:these|those|they|both|the (?:two|three|four)|all of (?:them|these|this)|that|it|everything|all(?: (?:of (?:it|this)|three|four))?)?\s*(?:(?:do not|don't|doesn't) depend on (?:each other|one another|anything)|are independent(?: of each other)?)?\s*[,;:]?\s*(?:so|and)?\s*)?(?:(?:do|run|should run|can run|may run|should be done|can be done|can happen|should happen|happen|execute|run them|do them|do it)\s+)?(?:(?:all|both|them|everything|these|it|all of (?:them|it|this))\s+)*(?:in parallel|at the same time|simultaneously|concurrently|side by side|all at once|at once)(?:,? (?:please|thanks|thx))*",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)

BESIDE_INTRO = re.compile(
    r"\b(?:at once|in parallel|at the same time|simultaneously|concurrently|side by side)\b[^.]*:$",
    re.IGNORECASE,
)

OTHERWISE = re.compile(
    r"^(?:and\s+|but\s+|or\s+)?(?:otherwise|else|when not(?=\s*,)|if not(?!\s+\w+\s*,)|(?:anything|everything) else(?=\s+(?:gets?|is|goes|to)\b)|or else|if (?:that|it|this)(?:'s| is) not the case)\b\s*,?\s*",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
