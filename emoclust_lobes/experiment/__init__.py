"""Folders of runs, the steps before training, summaries of both."""
