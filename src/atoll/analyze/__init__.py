"""Answers about packets, taken from the plan alone: the walk of one packet, and what explains it to a reader."""
