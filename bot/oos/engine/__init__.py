"""A run of a template: the interpreter over its journal, its actions, loops and waits."""
