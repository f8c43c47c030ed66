"""``stations``: interpolation between weather stations, and forecasts at them."""
