"""What the owner is asked and told about skills."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "skills_ask": {
        "ru": "Навык «{name}» пришёл со стороны. Пока вы не разрешите, я им не пользуюсь. Вот весь его SKILL.md:\n{text}\n\n"
        "Другие файлы в нём:\n{files}\n\nРазрешить? /skills allow {name} — да, /skills deny {name} — нет.",
        "en": "The skill “{name}” comes from outside. I do not use it unless you allow it. This is the whole of its SKILL.md:\n{text}\n\n"
        "Other files in it:\n{files}\n\nAllow it? /skills allow {name}: yes; /skills deny {name}: no.",
    },
    "skills_shown_before": {
        "ru": "(он длинный, поэтому отправлен файлом перед этим сообщением)",
        "en": "(it is long, so it is the file before this message)",
    },
    "skills_allowed": {
        "ru": "Навык «{name}» разрешён: пользуюсь им со следующего сообщения.",
        "en": "The skill “{name}” is allowed: I use it from the next message on.",
    },
    "skills_denied": {"ru": "Навык «{name}» не использую.", "en": "I do not use the skill “{name}”."},
    "skills_not_asked": {
        "ru": "О навыке «{name}» сейчас ничего не спрашиваю, а если он с тех пор изменился, спрошу заново. Все навыки: /skills",
        "en": "I am asking nothing about the skill “{name}” now; if it has changed since, I ask anew. All skills: /skills",
    },
    "skills_unknown": {
        "ru": "О навыке «{name}» я не спрашивал. Все навыки: /skills",
        "en": "I have not asked about a skill “{name}”. All: /skills",
    },
    "skills_none": {
        "ru": "Навыков нет. Попросите: «сделай навык для …».",
        "en": "There are no skills. Ask me: “make a skill for …”.",
    },
    "skills_line": {"ru": "{name}: {state}", "en": "{name}: {state}"},
    "skills_state_ready": {"ru": "используется", "en": "in use"},
    "skills_state_waits": {"ru": "ждёт вашего разрешения", "en": "waits for your yes"},
    "skills_state_refused": {"ru": "вы не разрешили", "en": "you did not allow it"},
    "skills_state_broken": {"ru": "испорчен, не используется", "en": "broken, not used"},
    "allowing_failed": {
        "ru": "«{name}»: не вышло ({reason}).",
        "en": "“{name}”: it could not be done ({reason}).",
    },
    "command_skills_owner": {"ru": "навыки", "en": "skills"},
}
