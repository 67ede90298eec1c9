"""What the script understands: one table of phrasings, Russian and English, in the order they are tried.

A pattern is matched against a text that was stripped of greetings, politeness and the final mark. Named groups are what
a phrasing carries: `who` a person as written, `text` words, `n` a task's number, `path`, `command`.
"""

import re

# A person as written: @name, capitalized words, or, when written small, one word.
WHO = r"(?P<who>@\w+|(?-i:[А-ЯЁA-Z])[\w-]*(?:\s+(?-i:[А-ЯЁA-Z])[\w-]*)*|\w[\w-]*)"
WHO_EN = r"(?P<who>@?[\w.'-]+(?:\s+(?!I\b)(?-i:[A-ZА-ЯЁ])[\w.'-]*)*)"
TEXT = r"(?P<text>.+)"
N = r"(?:номер\s+|number\s+|no\.?\s*|№\s*|#\s*)?(?P<n>\d+)"
OF_WHO = r"(?P<who>@?[\w.-]+(?:\s+[\w.-]+)?)"

OWNER: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "help",
        (
            r"/?(?:help|помощь|справка|помоги|команды|commands)",
            r"(?:а\s+)?что\s+ты\s+(?:умеешь|можешь)(?:\s+делать)?|чем\s+(?:ты\s+)?можешь\s+помочь|что\s+умеешь",
            r"what\s+(?:can|do)\s+you\s+(?:do|understand)(?:\s+for\s+me)?|how\s+can\s+you\s+help(?:\s+me)?",
        ),
    ),
    (
        "identity",
        (
            r"(?:а\s+)?(?:ты\s+)?кто\s+(?:ты|вы)(?:\s+так\w+)?|как\s+тебя\s+зовут|ты\s+(?:настоящий|живой|бот|робот|модель|человек|скрипт|ии|claude|клод).*",
            r"who\s+are\s+you|what\s+are\s+you|what(?:'s|\s+is)\s+your\s+name|are\s+you\s+(?:a\s+|an\s+)?(?:real|bot|robot|model|human|person|script|ai|claude)\b.*",
        ),
    ),
    (
        "thanks",
        (
            r"(?:большое\s+)?(?:спасибо|благодарю|спс)(?:\s+(?:большое|тебе|огромное))*|супер|отлично|круто",
            r"thanks?(?:\s+(?:you|a\s+lot|so\s+much|very\s+much))*|thx|cheers|great|perfect",
        ),
    ),
    (
        "write_file",
        (
            r"(?:запиши|сохрани|создай|напиши)\s+(?:в\s+)?файл\s+(?P<path>\S+?)[:,]?\s+(?:с\s+(?:текстом|содержимым)\s*:?\s*)?(?P<content>.+)",
            r"(?:запиши|сохрани)\s+(?P<content>.+?)\s+в\s+файл\s+(?P<path>\S+)",
            r"(?:write|save)\s+(?:to\s+)?(?:the\s+|a\s+)?file\s+(?P<path>\S+?)[:,]?\s+(?:with\s+(?:the\s+)?(?:text|content)\s*:?\s*)?(?P<content>.+)",
            r"create\s+(?:a\s+|the\s+)?file\s+(?P<path>\S+?)[:,]?\s+(?:with\s+(?:the\s+)?(?:text|content)?\s*:?\s*)?(?P<content>.+)",
            r"(?:write|save)\s+(?P<content>.+?)\s+(?:in)?to\s+(?:the\s+|a\s+)?file\s+(?P<path>\S+)",
        ),
    ),
    (
        "read_file",
        (
            r"(?:прочитай|прочти|открой|покажи|выведи)\s+(?:мне\s+)?(?:содержимое\s+)?файл\w*\s+(?P<path>\S+)",
            r"(?:прочитай|прочти|открой)\s+(?:мне\s+)?(?P<path>[~/.]\S+|\S+\.\w{1,5})",
            r"что\s+в\s+файле\s+(?P<path>\S+)",
            r"(?P<path>@?/\S+)\s+что\s+в\s+(?:этом\s+)?файле",
            r"(?:read|open|show|print|display)\s+(?:me\s+)?(?:the\s+)?(?:contents?\s+of\s+)?(?:the\s+)?file\s+(?P<path>\S+)",
            r"(?:read|open|show(?:\s+me)?)\s+(?:the\s+contents?\s+of\s+)?(?P<path>[~/.]\S+|\S+\.\w{1,5})",
            r"what(?:'s|\s+is)\s+in\s+(?:the\s+)?file\s+(?P<path>\S+)",
        ),
    ),
    (
        "run",
        (
            r"(?:выполни|запусти|исполни)\s+(?:мне\s+)?(?:команду\s*)?:?\s*(?P<command>.+)",
            r"(?:run|execute)(?:\s+(?:the\s+|this\s+)?(?:shell\s+|bash\s+)?command)?\s*:?\s+(?P<command>.+)",
            r"\$\s+(?P<command>.+)",
        ),
    ),
    (
        "obey",
        (
            r"сделай(?:те)?,?\s+(?:то,?\s+)?(?:что|как)\s+(?:он|она|они)\s+(?:прос\w+|пиш\w+|говор\w+)",
            r"do\s+(?:what|as)\s+(?:he|she|they)\s+(?:asks?|says?|writes?)",
        ),
    ),
    (
        "list_reminders",
        (
            r"(?:какие|покажи|список|перечисли|дай)\s+(?:у\s+меня\s+|мне\s+|все\s+|мои\s+|есть\s+)*напоминани\w+(?:\s+есть|\s+у\s+меня)*|мои\s+напоминания|напоминания",
            r"(?:list|show)\s+(?:me\s+)?(?:all\s+|my\s+|the\s+)*(?:reminders|schedule|scheduled\s+tasks)|(?:my\s+)?reminders|what\s+reminders\s+(?:do\s+i\s+have|are\s+there)",
        ),
    ),
    (
        "cancel_reminder",
        (
            rf"(?:отмени|удали|убери|сними)\s+напоминание\s+{N}",
            r"(?:отмени|удали|убери|сними)\s+напоминание\s+(?:о|об|про|насч[её]т)?\s*(?P<text>.+)",
            rf"(?:cancel|delete|remove|drop)\s+(?:the\s+|my\s+)?reminder\s+{N}",
            r"(?:cancel|delete|remove|drop)\s+(?:the\s+|my\s+)?reminder\s+(?:about\s+|to\s+|for\s+)?(?P<text>.+)",
        ),
    ),
    (
        "recall",
        (
            r"(?:а\s+)?что\s+(?:ты|вы)\s+(?:помни\w+|зна\w+)\s+(?:о|об|обо|про|насч[её]т)\s+(?P<text>.+)",
            r"(?:вспомни|поищи\s+в\s+памяти|найди\s+в\s+памяти)[,:]?\s+(?P<text>.+)",
            r"(?:напомни|подскажи)[,]?\s+(?P<text>(?:что|как|где|когда|кто|сколько|какой|какая|какие)\s.+)",
            r"what\s+do\s+you\s+(?:know|remember)\s+about\s+(?P<text>.+)",
            r"(?:recall|search\s+(?:your\s+)?memory\s+for|look\s+up\s+in\s+memory)\s+(?P<text>.+)",
            r"do\s+you\s+remember\s+(?P<text>.+)",
        ),
    ),
    (
        "remember",
        (
            r"(?:запомни|запиши|учти|сохрани|имей\s+в\s+виду|не\s+забудь|заметь)(?:\s+себе|\s+в\s+память|\s+пожалуйста)*\s*[,:]?\s+(?:что\s+)?(?P<text>.+)",
            r"(?:please\s+)?(?:remember|note|keep\s+in\s+mind|don't\s+forget|save\s+to\s+memory)(?:\s*[,:])?\s+(?:that\s+)?(?P<text>.+)",
        ),
    ),
    (
        "remind",
        (
            r"(?:напомни|напоминай)(?:\s+мне)?[,:]?\s+(?P<text>.+)",
            r"(?:поставь|создай|сделай)\s+(?:мне\s+)?напоминание[,:]?\s+(?P<text>.+)",
            r"remind\s+me[,:]?\s+(?P<text>.+)",
            r"(?:set|create|add)\s+(?:me\s+)?(?:a\s+)?reminder[,:]?\s+(?P<text>.+)",
        ),
    ),
    (
        "cancel_task",
        (
            rf"(?:отмени|удали|сними|убери)\s+(?:задачу|задание|поручение)\s+{N}",
            rf"(?:cancel|delete|remove|drop)\s+(?:the\s+)?task\s+{N}",
        ),
    ),
    (
        "move_task",
        (
            rf"(?:перенеси|продли|сдвинь)\s+(?:срок\s+)?(?:задач\w*|задани\w*|поручени\w*)\s+{N}\s+(?P<text>(?:на|до|к)\s.+)",
            rf"(?:move|extend|postpone)\s+(?:the\s+)?task\s+{N}\s+(?P<text>(?:to|until|till)\s.+)",
        ),
    ),
    (
        "list_tasks",
        (
            rf"(?:какие|покажи|список|перечисли|дай|статус|что\s+там|что|как)\s+(?:(?:сейчас|есть|все|всех|мне|там|с|по|открытые|текущие|поставлены)\s+)*(?:задач\w*|поручени\w*)(?:\s+(?:сейчас|есть|открыты))*(?:\s+(?:у|для|по|на)\s+{OF_WHO})?",
            rf"(?:какие|что)\s+у\s+{OF_WHO}\s+(?:за\s+)?(?:по\s+)?задач\w*",
            rf"(?:покажи|дай|какие)\s+(?:мне\s+)?задачи\s+{OF_WHO}",
            rf"что\s+(?:должн\w+|надо|нужно)\s+(?:с?делать\s+)?{OF_WHO}",
            r"(?:мои\s+|все\s+)?(?:задачи|поручения)",
            rf"задачи\s+(?:у\s+|для\s+)?{OF_WHO}",
            rf"(?:list|show)\s+(?:me\s+)?(?:all\s+|the\s+|open\s+|my\s+)*tasks(?:\s+(?:of|for|by)\s+{OF_WHO})?|(?:all\s+)?tasks",
            rf"(?:show|list)\s+(?:me\s+)?{OF_WHO}'s\s+tasks|what\s+are\s+(?P<who2>\w+)'s\s+tasks",
            r"what\s+tasks\s+(?:are\s+there|are\s+open|do\s+i\s+have)|what(?:'s|\s+is)\s+the\s+status\s+of\s+(?:the\s+|my\s+)?tasks",
            rf"what\s+(?:tasks\s+)?does\s+{OF_WHO}\s+have(?:\s+to\s+do)?|what\s+is\s+(?P<who3>\w+)\s+(?:working\s+on|doing)",
        ),
    ),
    (
        "create_task",
        (
            rf"(?:попроси|поручи|пусть)\s+{WHO}(?:\s*[,:]\s*(?:чтобы\s+(?:он[аи]?\s+)?)?|\s+)(?P<text>.+)",
            rf"(?:скажи|передай|напиши|сообщи)\s+{WHO}[\s,]*чтобы\s+(?:он[аи]?\s+)?(?P<text>.+)",
            rf"(?:поставь|создай|дай|назначь)\s+(?:задачу|задание|поручение)\s+(?:для\s+|на\s+)?{WHO}\s*[:,—-]?\s+(?P<text>.+)",
            rf"(?:поставь|дай|назначь)\s+{WHO}\s+(?:задачу|задание|поручение)\s*[:,—-]?\s+(?P<text>.+)",
            rf"(?:ask|tell|get|remind)\s+{WHO_EN}\s+to\s+(?P<text>.+)",
            rf"(?:have|make)\s+{WHO_EN}\s+(?P<text>\w.+)",
            rf"(?:create|add|set|make)\s+(?:a\s+|the\s+)?task\s+for\s+{WHO_EN}\s*[:,—-]?\s+(?:to\s+)?(?P<text>.+)",
            rf"assign\s+{WHO_EN}\s*[:,—-]?\s+(?:to\s+|a\s+task\s*[:,—-]?\s+(?:to\s+)?)?(?P<text>.+)",
            rf"(?:give)\s+{WHO_EN}\s+(?:a\s+)?task\s*[:,—-]?\s+(?:to\s+)?(?P<text>.+)",
        ),
    ),
    (
        "send",
        (
            rf"(?:напиши|скажи|передай|сообщи|ответь)\s+{WHO}(?:\s*[,:]\s*(?:что\s+)?|\s+что\s+|\s+)(?P<text>.+)",
            rf"отправь\s+{WHO}\s+(?:сообщение\s*)?[:,]?\s*(?P<text>.+)",
            rf"спроси\s+(?:у\s+)?{WHO}\s*[,:]?\s+(?P<text>.+)",
            rf"let\s+{WHO_EN}\s+know\s*[:,]?\s+(?:that\s+)?(?P<text>.+)",
            rf"send\s+(?:a\s+)?(?:message\s+)?(?:to\s+)?{WHO_EN}\s*(?:a\s+message)?\s*[:,]\s*(?P<text>.+)",
            rf"send\s+{WHO_EN}\s+a\s+message\s+(?:saying\s+)?(?:that\s+)?(?P<text>.+)",
            rf"(?:write|text|message|tell)\s+(?:to\s+)?{WHO_EN}\s*(?:[:,]\s*|\s+)(?:that\s+)?(?P<text>.+)",
            rf"ask\s+{WHO_EN}\s*[:,]?\s+(?P<text>.+)",
        ),
    ),
    (
        "list_people",
        (
            r"(?:кого\s+ты\s+знаешь|кто\s+(?:мне\s+|тебе\s+)?писал|с\s+кем\s+(?:ты\s+)?общаешься|(?:покажи\s+|дай\s+)?(?:список\s+)?(?:мои\s+|моих\s+|всех\s+|все\s+)*(?:люд\w+|контакт\w*|пользовател\w+))",
            r"(?:list|show)\s+(?:me\s+)?(?:all\s+|my\s+|the\s+)*(?:people|users|contacts)|who\s+do\s+you\s+know|who\s+(?:wrote|has\s+written)(?:\s+to\s+(?:me|you))?|people|contacts",
        ),
    ),
    (
        "who_is",
        (
            r"кто\s+так\w+\s+(?P<who>.+)|найди\s+(?:контакт|человека)\s+(?P<who2>.+)",
            r"who(?:'s|\s+is)\s+(?P<who>.+)|find\s+(?:the\s+)?(?:contact|person|user)\s+(?P<who2>.+)",
        ),
    ),
)

_TASK = rf"(?:[\s,]*(?:(?:с|по|за|with)\s+)?(?:the\s+)?(?:task\s*|задач\w+\s*|поручени\w+\s*)?{N})?"

PERSON: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "my_tasks",
        (
            r"(?:а\s+)?что\s+(?:мне|я)\s+(?:надо|нужно|должн\w+|делать|требуется)(?:\s+(?:с?делать|было))*|(?:покажи\s+|какие\s+|есть\s+)?(?:у\s+меня\s+|для\s+меня\s+|мои\s+)+(?:есть\s+|сейчас\s+)?задач\w+(?:\s+есть)?|(?:покажи\s+)?мои\s+задачи|(?:какие\s+|есть\s+)?задачи(?:\s+(?:у|для)\s+меня)(?:\s+есть)?|что\s+от\s+меня\s+(?:нужно|требуется|надо)",
            r"what\s+(?:do\s+i\s+have|am\s+i\s+(?:supposed|asked)|should\s+i|do\s+i\s+need)(?:\s+to)?(?:\s+do)?|what\s+(?:are\s+my|tasks\s+do\s+i\s+have|is\s+my)\s*(?:tasks?)?|(?:show\s+(?:me\s+)?|list\s+)?my\s+tasks?|(?:are\s+there\s+)?any\s+tasks?(?:\s+for\s+me)?",
        ),
    ),
    (
        "proposal",
        (
            r"(?:(?:я|мы|нет|но)[\s,]*)*(?:могу|смогу|успею|давайте|можно)\s+(?:(?:только|лучше|прислать|сделать)\s+)*(?P<text>(?:к|в|во|на|до)\s.+)",
            r"(?:(?:no|but|i)[\s,]*)*(?:can|could)\s+(?:only\s+)?(?:do\s+it\s+|send\s+it\s+)?(?P<text>(?:by|on|until)\s.+)",
        ),
    ),
    (
        "declined",
        (
            r"(?:я\s+|к\s+сожалению[\s,]*|увы[\s,]*|нет\s*,\s*)*(?:не\s+(?:могу|смогу|буду|успею|успеваю|возьмусь|получится)|отказываюсь|откажусь)(?!\w).*",
            r"(?:sorry[\s,]*|no\s*,\s*|i\s+|i'm\s+)*(?:can't|cannot|can\s+not|won't|will\s+not|decline|refuse|unable)(?!\w).*",
        ),
    ),
    (
        "done",
        (
            rf"(?:(?:вс[её]|уже|я|да)[\s,]*)*(?:готов[оаы]?|сделал[аи]?|сделано|выполнил[аи]?|выполнено|закончил[аи]?|отправил[аи]?|прислал[аи]?|завершил[аи]?){_TASK}(?!\w)(?P<text>.*)",
            rf"задача\s+{N}\s+(?:готова|сделана|выполнена)(?P<text>.*)",
            rf"(?:(?:it's|it\s+is|all|already|i|i've|i\s+have|yes)[\s,]*)*(?:done|finished|completed?|sent|ready){_TASK}(?!\w)(?P<text>.*)",
            rf"task\s+{N}\s+is\s+(?:done|finished|ready|complete)(?P<text>.*)",
        ),
    ),
    (
        "in_progress",
        (
            rf"(?:(?:уже|я|вс[её]|да)[\s,]*)*(?:в\s+работе|в\s+процессе|начал[аи]?|приступил[аи]?|приступаю|начинаю|делаю|работаю|занимаюсь){_TASK}(?!\w)(?P<text>.*)",
            rf"(?:(?:already|i|i'm|i've|i\s+am|i\s+have|it's)[\s,]*)*(?:in\s+progress|started|starting|working\s+on(?:\s+it)?|began){_TASK}(?!\w)(?P<text>.*)",
        ),
    ),
    (
        "accepted",
        (
            rf"(?:(?:да|я|хорошо|ок|окей)[\s,]*)*(?:принял[аи]?|принято|принимаю|беру(?:сь)?|взял[аи]?(?:\s+в\s+работу)?|ок|окей|хорошо|ладно|сделаю|согласен|согласна|договорились|понял[аи]?|будет\s+сделано|\+){_TASK}(?!\w)(?P<text>.*)",
            rf"(?:(?:yes|sure|ok|okay|i)[\s,]*)*(?:ok|okay|accept(?:ed)?|i\s+accept|will\s+do|sure|got\s+it|on\s+it|i'll\s+do\s+it|i'll\s+take\s+it|agreed|fine){_TASK}(?!\w)(?P<text>.*)",
        ),
    ),
    (
        "tell_owner",
        (
            r"(?:пожалуйста[\s,]*)?(?:передай(?:те)?|скажи(?:те)?|сообщи(?:те)?|донеси(?:те)?)(?:[\s,]*пожалуйста\s*,?)?(?:\s+(?:ему|ей|владельцу|хозяину|боссу|шефу|начальнику))?\s*(?:[,:]\s*(?:что\s+)?|\s+что\s+)(?P<text>.+)",
            r"(?:передай(?:те)?|скажи(?:те)?|сообщи(?:те)?)\s+(?:ему|ей|владельцу|хозяину|боссу|шефу|начальнику)\s+(?P<text>.+)",
            r"(?:please\s+)?(?:tell|let)\s+(?:him|her|them|the\s+owner|your\s+(?:owner|boss|master))(?:\s+know)?\s*[:,]?\s+(?:that\s+)?(?P<text>.+)",
            r"(?:please\s+)?(?:pass\s+(?:it\s+)?on|relay|tell)\s*[:,]?\s*(?:that\s+)(?P<text>.+)",
            r"(?:please\s+)?(?:pass\s+on|relay)\s*[:,]\s*(?P<text>.+)",
        ),
    ),
    (
        "hello",
        (r"(?:это|меня\s+зовут)\s+\w+(?:\s+\w+)?", r"(?:this\s+is|my\s+name\s+is)\s+[A-Z]\w+(?:\s+\w+)?"),
    ),
    ("number", (rf"(?:задача\s+|task\s+|the\s+)?{N}(?:[-\s]?(?:ю|я|ая|ую|st|nd|rd|th))?",)),
)

GREETING = re.compile(
    r"(?:привет(?:ствую|ик)?|здравствуй(?:те)?|добрый\s+(?:день|вечер)|доброе\s+утро|доброго\s+(?:дня|времени\s+суток)|салют|hi|hello|hey|good\s+(?:morning|afternoon|evening|day))"
    r"(?:\s+there|,?\s+(?:jobs|джобс))?(?!\w)[\s,.!)]*",
    re.IGNORECASE,
)
POLITE = re.compile(
    r"(?:(?:jobs|джобс)\s*[,:!]\s*|/start\b\s*|(?:пожалуйста|пожалуста|плиз|please|pls)\s*,?\s+"
    r"|(?:а\s+)?(?:можешь|мог(?:ла)?\s+бы\s+ты|не\s+мог(?:ла)?\s+бы\s+ты|(?:can|could|would|will)\s+you)\s+(?:please\s+)?"
    r"|(?:i\s+want\s+you\s+to|i'd\s+like\s+you\s+to|мне\s+надо,?\s+чтобы\s+ты|хочу,?\s+чтобы\s+ты)\s+)",
    re.IGNORECASE,
)
POLITE_END = re.compile(r"[\s,]*(?:пожалуйста|please|pls)\s*$", re.IGNORECASE)
POLITE_INSIDE = re.compile(r"\s*,\s*(?:пожалуйста|please|pls)\s*,\s*", re.IGNORECASE)
# A tool named outright, as an attack does it: "call mcp__jobs__memory_search with {...}".
DIRECT_CALL = re.compile(
    r"(?:call|use|invoke|вызови|используй)\s+(?:the\s+)?(?:tool\s+|инструмент\s+)?[`'\"]?(?P<name>[A-Za-z]\w+)[`'\"]?"
    r"(?:\s+tool)?\s*(?:with|с|:)?\s*(?:arguments\s+|аргументами\s+)?(?P<args>\{.*\})?",
    re.IGNORECASE | re.DOTALL,
)

OWNER_TABLE = tuple((name, tuple(re.compile(p, re.I | re.S) for p in patterns)) for name, patterns in OWNER)
PERSON_TABLE = tuple((name, tuple(re.compile(p, re.I | re.S) for p in patterns)) for name, patterns in PERSON)
