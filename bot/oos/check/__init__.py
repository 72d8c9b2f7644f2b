"""What is wrong with a template: all of it is said before it is offered to anybody."""
