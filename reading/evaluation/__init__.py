"""How well it reads people whom it has not read: tests of corpora, languages, behaviour."""
