"""The script behind the scripted model: what it understands, what it does about it, what it says."""
