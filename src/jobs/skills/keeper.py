"""The owner's skills: which are offered to their session, and which the owner is asked about first.

A skill is offered once it came through a door: made by the owner's session, shipped with Jobs, or allowed by the owner,
who was shown it. What is found in the folder without that (put there by hand, or by a `git clone`) is shown and waits.
Later edits of an offered one count at the next turn, whoever made them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from jobs.db import Database, Row
from jobs.skills.shelf import Bundle, File, Shelf, as_text, fingerprint
from jobs.skills.skill import SKILL_FILE, Broken, Skill, SkillError, is_name, parse_skill
from jobs.spine.model import OutFile
from jobs.spine.outbox import Outbox
from jobs.texts import say
from jobs.users.consent import visible
from jobs.users.notices import quoted
from jobs.users.permissions import NotDone, Permissions
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

SHIPPED = Path(__file__).with_name("shipped")
FOLDER = ".claude/skills"
"""In the workspace."""
SHOWN_HERE = 2500
"""Characters of a SKILL.md that stand in the question itself; a longer one is a file before it."""
MOST_OFFERED = 100
"""Skills that a prompt names."""
MOST_DESCRIBED = 8000
"""Characters of their descriptions in a prompt; of those beyond it stand the names only."""


@dataclass(frozen=True)
class State:
    """How a skill stands."""

    name: str
    word: str
    """`ready`, `waits` (for the owner's yes), `refused` (by the owner) or `broken`."""
    description: str = ""
    """"" unless it is ready: what the owner has not seen is not told to a session."""
    wrong: Broken | None = None


class Skills:
    """`workspace` has the skills, in `.claude/skills`; what waits for a yes lies in `data`, out of agents' reach."""

    def __init__(self, workspace: Path, data: Path, db: Database, outbox: Outbox, users: UsersRepository) -> None:
        self.workspace = workspace
        self.shelf = Shelf(workspace, *FOLDER.split("/"))
        self._data = data
        self._staged = Shelf(data, "skills")
        self._db = db
        self._users = users
        self._prompt = ""
        self._told: tuple[list[Row], object] | None = None
        """On what the prompt was made."""
        self.permissions = Permissions(db, outbox, users, "skills", "skills")

    def start(self) -> None:
        """Place those that are shipped, each once: one that was removed does not come back."""
        for name in sorted(path.name for path in SHIPPED.iterdir() if path.is_dir()):
            try:
                if self._row(name) is None:
                    bundle = Shelf(SHIPPED.parent, SHIPPED.name).bundle(name)
                    if not self.shelf.has(name):
                        self.shelf.put(name, bundle)
                    if self._is_placed(name, bundle):  # perhaps by a start that was killed here
                        self._make_known(name)
            except (SkillError, OSError) as error:
                log.warning("a shipped skill could not be placed", skill=name, reason=str(error))

    # ----------------------------------------------------------------- offering

    def offered(self) -> list[Skill]:
        """Those that the owner's session may use now, by name."""
        skills = []
        known = self._known()
        for name in self._names():
            try:
                if name in known:
                    skills.append(parse_skill(self.shelf.text(name), name))
            except (SkillError, OSError):
                continue  # `states` says what is wrong with it
        return skills

    def for_prompt(self) -> str:
        """A line for each that is offered, as far as a prompt may hold them; the owner is asked about new ones.

        Every turn asks for it: where nothing has changed since the last time, it is what it was.
        """
        rows = self._db.execute("SELECT * FROM skills ORDER BY name")
        mark = self.shelf.mark({row["name"] for row in rows if row["known"]})
        if mark is None or (rows, mark) != self._told:
            self.ask_next()
            self._prompt, self._told = self._lines(), (rows, mark)
        return self._prompt

    def _lines(self) -> str:
        left = MOST_DESCRIBED
        lines, bare = [], []
        for skill in self.offered()[:MOST_OFFERED]:
            left -= len(skill.description)
            if left >= 0:
                lines.append(f"- {skill.name}: {skill.description}")
            else:
                bare.append(skill.name)
        if bare:
            lines.append(f"- without a description here, for want of room: {', '.join(bare)}")
        return "\n".join(lines)

    def states(self) -> list[State]:
        """How each one stands, those that wait to be placed among them."""
        waiting = [row["name"] for row in self._db.execute("SELECT name FROM skills WHERE staged ORDER BY name")]
        there = [self._state(name) for name in self._names()]
        return [*there, *(State(name, "waits") for name in waiting)]

    async def lines(self) -> Sequence[tuple[str, str, str, int]]:
        """The same for the owner: (name, state, reason or description, 0)."""
        language = self._users.owner().language
        if self.problem:
            return [(FOLDER, "broken", self.problem.saying.said(language), 0)]
        return [
            (
                _on_a_line(each.name),
                each.word,
                _on_a_line(each.wrong.saying.said(language)) if each.wrong else each.description,
                0,
            )
            for each in self.states()
        ]

    @property
    def problem(self) -> Broken | None:
        """Why no skill can be read at all; None when they can."""
        try:
            self.shelf.names()
        except Broken as error:
            return error
        except OSError as error:
            return Broken("unreadable", path=FOLDER, reason=error.strerror)
        return None

    def _names(self) -> list[str]:
        try:
            return self.shelf.names()
        except (SkillError, OSError) as error:
            log.warning("the skills cannot be read", reason=str(error))
            return []

    def _state(self, name: str) -> State:
        shown = name.encode("utf-8", "replace").decode()
        try:
            skill = parse_skill(self.shelf.text(name), name)
        except Broken as error:
            return State(shown, "broken", wrong=error)
        except OSError as error:
            return State(shown, "broken", wrong=Broken("unreadable", path=shown, reason=error.strerror))
        if self.is_known(name):
            return State(name, "ready", skill.description)
        row = self._row(name)
        return State(name, "refused" if row and row["asked"] and row["asked_at"] is None else "waits")

    # ------------------------------------------------------------------- asking

    def stage(self, bundles: Mapping[str, Bundle]) -> None:
        """Keep what came from outside until the owner has seen it, and ask about it, one after the other.

        Raises SkillError. Joins the caller's transaction.
        """
        for name in bundles:
            if self.shelf.has(name):
                raise Broken("there_already", name=name)
        self._data.joinpath("skills").mkdir(mode=0o700, exist_ok=True)
        with self._db.transaction():
            for name, bundle in bundles.items():
                self._staged.remove(name)
                self._staged.put(name, bundle)
                self._db.execute(
                    """INSERT INTO skills (name, staged) VALUES (?, 1)
                       ON CONFLICT (name) DO UPDATE SET known = 0, staged = 1, asked = '', asked_at = NULL""",
                    (name,),
                )
            # What the owner has left unanswered is answered by name from now on, and does not hold this up.
            self._db.execute("UPDATE skills SET asked_at = NULL WHERE asked_at IS NOT NULL")
            self.ask_next()

    def ask_next(self) -> None:
        """Ask the owner about one that they have not seen, unless they are being asked about one already."""
        names = self._names()
        staged = [row["name"] for row in self._db.execute("SELECT name FROM skills WHERE staged ORDER BY name")]
        for asked in self._db.execute("SELECT name FROM skills WHERE asked_at IS NOT NULL"):
            if asked["name"] in (*staged, *names):
                return
            self._forget(asked["name"])  # it was taken away before the answer
        known = self._known()
        for name in [*staged, *(name for name in names if name not in staged and name not in known)]:
            try:
                bundle = self._usable(name)
            except (SkillError, OSError):
                continue  # a broken one is asked about once it is mended
            row = self._row(name)
            if row is None or row["asked"] != fingerprint(bundle):
                self._ask(name, bundle)
                return

    def _usable(self, name: str) -> Bundle:
        """The files of one that is not offered yet. Raises SkillError when it could not be."""
        row = self._row(name) if is_name(name) else None
        bundle = (self._staged if row and row["staged"] else self.shelf).bundle(name)
        if SKILL_FILE not in bundle:
            raise Broken("lacks", path=SKILL_FILE)
        parse_skill(as_text(bundle[SKILL_FILE]), name)
        return bundle

    def _ask(self, name: str, bundle: Bundle) -> None:
        language = self._users.owner().language
        text = visible(as_text(bundle[SKILL_FILE]).replace("\r\n", "\n").replace("\t", "    "))
        others = [f"{_on_a_line(path)} ({len(file.content)} B)" for path, file in bundle.items() if path != SKILL_FILE]
        is_long = len(text) > SHOWN_HERE
        shown = say("skills_shown_before", language) if is_long else quoted(text)
        files = "\n".join(others) or say("none", language)
        question = say("skills_ask", language, name=name, text=shown, files=files)
        file = OutFile("document", f"{name}-{SKILL_FILE}", text) if is_long else None
        self.permissions.ask(name, fingerprint(bundle), question, shown=file)

    def allow(self, name: str) -> bool:
        """The owner has seen it and says yes. What is not what they saw is shown to them anew. Raises NotDone.

        Returns whether they were asked about it as it is.
        """
        row = self._row(name)
        is_staged = row is not None and bool(row["staged"])
        if self.is_known(name) or not (is_staged or name in self._names()):
            return False
        try:
            bundle = self._usable(name)
            seen = row is not None and row["asked"] == fingerprint(bundle)
            if not seen:
                self._ask(name, bundle)
                return False
            if is_staged and not self._is_placed(name, bundle):  # unless a kill came in between
                self.shelf.put(name, bundle)
        except Broken as error:
            raise NotDone(error.saying.said(self._users.owner().language)) from None
        except OSError as error:
            raise NotDone(error.strerror or "") from None
        self._make_known(name)
        self._staged.remove(name)
        self._ask_soon()
        return True

    def deny(self, name: str) -> bool:
        """The owner says no: it is not placed, or not offered. Returns whether there is such a skill to refuse."""
        row = self._row(name)
        if row is None or row["known"] or not row["asked"]:
            return False
        self._db.execute("UPDATE skills SET staged = 0, asked_at = NULL WHERE name = ?", (name,))
        self._staged.remove(name)
        self._ask_soon()
        return True

    def _ask_soon(self) -> None:
        """Ask about the next one, once the owner has been told what became of this one."""
        asyncio.get_running_loop().call_soon(self.ask_next)

    # ----------------------------------------------------------------- changing

    def create(self, skill: Skill) -> None:
        """Place a new one of the owner's own; the same again is no error. Raises SkillError."""
        parse_skill(skill.text, skill.name)
        bundle = {SKILL_FILE: File(skill.text.encode())}
        if not self._is_placed(skill.name, bundle):
            self.shelf.put(skill.name, bundle)
        self._make_known(skill.name)

    def _is_placed(self, name: str, bundle: Bundle) -> bool:
        """Whether exactly this lies there. Raises SkillError."""
        return self.shelf.has(name) and self.shelf.bundle(name) == bundle

    def get(self, name: str) -> Skill:
        """One that is offered. Raises SkillError."""
        state = next((each for each in self.states() if each.name == name), None)
        if state is None:
            known = ", ".join(skill.name for skill in self.offered()) or "none"
            raise SkillError(f"there is no skill {name}; there are: {known}")
        if state.word == "broken":
            raise SkillError(f"the skill {name} is broken: {state.wrong}")
        if state.word != "ready":
            raise SkillError(f"the owner has not allowed the skill {name}, so it is not shown")
        return parse_skill(self.shelf.text(name), name)

    def rewrite(self, skill: Skill) -> None:
        """Replace the SKILL.md of one that is there. Raises SkillError."""
        parse_skill(skill.text, skill.name)
        self.shelf.rewrite(skill.name, skill.text)

    def remove(self, name: str) -> None:
        """Take one away for good, broken and waiting ones too; none of that name is no error."""
        self.shelf.remove(name)
        self._staged.remove(name)
        self._forget(name)

    # ------------------------------------------------------------------ records

    def _row(self, name: str) -> Row | None:
        return self._db.one("SELECT * FROM skills WHERE name = ?", (name,))

    def is_known(self, name: str) -> bool:
        """Whether it came through a door; its folder may be gone since."""
        return name in self._known()

    def _known(self) -> set[str]:
        return {row["name"] for row in self._db.execute("SELECT name FROM skills WHERE known")}

    def _forget(self, name: str) -> None:
        """The row stays: a shipped one is not placed again."""
        self._db.execute("UPDATE skills SET known = 0, staged = 0, asked = '', asked_at = NULL WHERE name = ?", (name,))

    def _make_known(self, name: str) -> None:
        self._db.execute(
            """INSERT INTO skills (name, known) VALUES (?, 1)
               ON CONFLICT (name) DO UPDATE SET known = 1, staged = 0, asked_at = NULL""",
            (name,),
        )


def _on_a_line(text: str) -> str:
    """A name from outside as the owner is shown it: nothing in it hides, nor looks like words of Jobs'."""
    return visible(text.replace("\n", "\\n"))
