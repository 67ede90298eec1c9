"""The owner's skills: folders with a SKILL.md, offered to their session; what comes from outside is shown first."""
