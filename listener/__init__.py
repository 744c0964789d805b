"""A listener's own: tastes, feedback, history, schedules."""
