"""Tests of the playground: its server, its entrance, and what people see of it in a browser."""
