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
    # --------------------------------------------------- what is wrong with one
    "skill_text_long": {
        "ru": "его SKILL.md длиннее {most} знаков",
        "en": "its SKILL.md is longer than {most} characters",
    },
    "skill_no_head": {
        "ru": "его SKILL.md не начинается с заголовка между двумя строками ---",
        "en": "its SKILL.md does not begin with a front matter between two lines of ---",
    },
    "skill_head_long": {
        "ru": "заголовок его SKILL.md длиннее {most} знаков",
        "en": "its front matter is longer than {most} characters",
    },
    "skill_head_wrong": {"ru": "заголовок его SKILL.md — не YAML", "en": "its front matter is no YAML"},
    "skill_head_deep": {
        "ru": "в заголовке его SKILL.md больше {most} уровней вложенности",
        "en": "its front matter is nested more than {most} deep",
    },
    "skill_head_no_table": {
        "ru": "заголовок его SKILL.md должен состоять из строк вида «имя: значение»",
        "en": "its front matter has to be lines of the form name: value",
    },
    "skill_line_wrong": {
        "ru": "строка {line} его SKILL.md — не YAML; текст, в котором есть двоеточие, возьмите в кавычки",
        "en": "line {line} of its SKILL.md is no YAML; put a text with a colon in it between quotes",
    },
    "skill_name_wrong": {
        "ru": "его имя (name) должно состоять из 1–64 строчных латинских букв, цифр и одиночных дефисов",
        "en": "its name has to be 1 to 64 small Latin letters, digits and single hyphens",
    },
    "skill_name_other": {
        "ru": "он называется {name}, а его папка иначе; назовите их одинаково",
        "en": "it is called {name}, but its folder is called otherwise; give both the same name",
    },
    "skill_no_description": {
        "ru": "у него нет описания (description), а это должен быть текст",
        "en": "it has no description, which has to be a text",
    },
    "skill_description_long": {
        "ru": "его описание длиннее {most} знаков",
        "en": "its description is longer than {most} characters",
    },
    "skill_no_instructions": {
        "ru": "под заголовком нет указаний",
        "en": "it has no instructions under its front matter",
    },
    "skill_no_text": {"ru": "его SKILL.md — не текст в UTF-8", "en": "its SKILL.md is no UTF-8 text"},
    "skill_path_out": {"ru": "путь ведёт за пределы папки", "en": "a path leads out of its folder"},
    "skill_link": {
        "ru": "{path} — ссылка или не папка; ссылки не читаются",
        "en": "{path} is a link or no folder; links are not followed",
    },
    "skill_unreadable": {
        "ru": "{path} не читается ({reason}); ссылки не читаются",
        "en": "{path} cannot be read ({reason}); links are not followed",
    },
    "skill_no_file": {"ru": "{path} — не обычный файл", "en": "{path} is no plain file"},
    "skill_large": {"ru": "{path} слишком велик", "en": "{path} is too large"},
    "skill_many_files": {"ru": "в нём больше {most} файлов", "en": "it has more than {most} files"},
    "skill_there_already": {
        "ru": "навык {name} уже есть; сначала удалите его",
        "en": "there is a skill {name} already; remove it first",
    },
    "skill_gone": {"ru": "навыка {name} нет", "en": "there is no skill {name}"},
    "skill_lacks": {"ru": "в нём нет {path}", "en": "there is no {path} in it"},
}
