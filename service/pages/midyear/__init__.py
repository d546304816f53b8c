"""The recalibration: the curve, the moves of a point, whom to call."""
