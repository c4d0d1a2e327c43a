"""Files and stores, written whole or not at all."""
