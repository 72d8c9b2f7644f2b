"""The expressions of a template: references, functions, selectors and conditions."""
