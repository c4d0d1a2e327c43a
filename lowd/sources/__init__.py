"""Where images and teachers come from."""
