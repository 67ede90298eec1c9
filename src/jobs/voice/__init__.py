"""Speech to text: an OpenAI-compatible service where there is a key, else a local engine where there is a model."""
