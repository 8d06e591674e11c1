"""A question and the questions before it, understood."""
