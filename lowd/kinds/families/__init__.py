"""Agreement of kinds of generative models that start from the same noises."""
