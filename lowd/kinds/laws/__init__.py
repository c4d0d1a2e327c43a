"""What papers claim of memorisation and generalisation, beside what results here say of it."""
