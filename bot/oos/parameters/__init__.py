"""The parameters of a template: their defaults, bounds and the values that people give them."""
