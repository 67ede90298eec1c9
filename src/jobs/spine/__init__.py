"""The heart: what happened (inbox), what was said (outbox), and the turns of sessions between them."""
