"""Headers to studies: grouped, each object in one study, with what they state in common and what is missing."""
