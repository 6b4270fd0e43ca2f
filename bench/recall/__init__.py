"""How often a library's search finds the right passage: 293 questions in people's words over 239 passages.

    venv/bin/python -m bench.recall [--model NAME]

It prints recall@1, recall@5 and the mean reciprocal rank of the first five, for each field and level: 1 nearly the
text's own words, 2 partly others, 3 other words throughout. A hit counts when its passage holds the answer and stands
in the right file. The weights of ``akachat/retrieval/grams.py`` were tuned on the first half (questions with odd
numbers) alone; the second half (even numbers) tells how good the search is.
"""
