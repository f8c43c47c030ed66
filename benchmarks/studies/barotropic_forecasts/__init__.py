"""Forecasts of the barotropic vorticity equation, beside its own solver truncated."""
