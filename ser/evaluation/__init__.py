"""How well it hears people whom it has never heard: folds, conditions, other corpora."""
