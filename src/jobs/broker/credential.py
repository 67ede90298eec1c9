"""The real credential, and where a request carries it."""

from dataclasses import dataclass

from jobs.config import Settings

OAUTH_BETA = "oauth-2025-04-20"
"""What the Messages API wants in `anthropic-beta` beside an OAuth token."""

Headers = list[tuple[bytes, bytes]]

NOT_PASSED_ON = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    )
)
"""Headers of one connection (RFC 9110, 7.6.1)."""


@dataclass(frozen=True)
class Credential:
    """An API key, or an OAuth token of a subscription."""

    value: str
    is_oauth: bool

    def __repr__(self) -> str:
        return f"Credential(is_oauth={self.is_oauth})"

    @classmethod
    def of(cls, settings: Settings) -> "Credential | None":
        """As the CLI chooses: the key wins."""
        if settings.anthropic_api_key:
            return cls(settings.anthropic_api_key.get_secret_value(), is_oauth=False)
        if settings.claude_code_oauth_token:
            return cls(settings.claude_code_oauth_token.get_secret_value(), is_oauth=True)
        return None

    def put_in(self, headers: Headers) -> Headers:
        """A session's headers as they go out: its own token replaced by the credential."""
        kept = [
            (name, value)
            for name, value in headers
            if name not in NOT_PASSED_ON
            and name not in (b"host", b"content-length", b"x-api-key", b"authorization", b"accept-encoding")
        ]
        kept.append((b"accept-encoding", b"identity"))  # so that what a call used can be read as it passes
        if not self.is_oauth:
            return [*kept, (b"x-api-key", self.value.encode())]
        if not any(name == b"anthropic-beta" and OAUTH_BETA.encode() in value for name, value in kept):
            kept.append((b"anthropic-beta", OAUTH_BETA.encode()))
        return [*kept, (b"authorization", b"Bearer " + self.value.encode())]


def token_in(headers: Headers) -> str:
    """The token that a session sent, in either form; "" when there is none."""
    fields = dict(headers)
    bearer = fields.get(b"authorization", b"").decode("latin-1")
    scheme, _, token = bearer.partition(" ")
    return fields.get(b"x-api-key", b"").decode("latin-1") or (token.strip() if scheme.lower() == "bearer" else "")
