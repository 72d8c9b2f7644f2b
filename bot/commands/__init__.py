"""What people can ask for: how a command is declared (``api``), read from its file (``loader``),
found by name (``registry``), typed (``line``), and what a template means as a command."""
