"""The shape of data: how many dimensions they really have."""
