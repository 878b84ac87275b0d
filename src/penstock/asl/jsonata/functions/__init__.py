"""The built-in functions by subject; `library` binds them to their names and signatures."""
