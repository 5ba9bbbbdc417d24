"""How the command and the server find each other: the state folder, and the control socket in it."""
