"""The figures as a metric of the library ``evaluate``: the folder is what ``evaluate.load`` takes."""
