"""Pages printed from the code that belong to no other room; ``PAGES`` of ``__main__`` lists all."""
