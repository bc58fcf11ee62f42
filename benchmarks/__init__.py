"""A script for each claim of speed and memory; README.md holds what they measured."""
