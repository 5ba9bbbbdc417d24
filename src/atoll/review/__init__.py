"""Questions about a whole design, put in the user's names: what reaches what, intents, exposure."""
