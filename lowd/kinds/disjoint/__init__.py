"""Students of disjoint training sets beside each other."""
