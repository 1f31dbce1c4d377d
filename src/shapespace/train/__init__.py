"""LEARNING: losses, the balance rule, one step of each system, the loop, checkpoints."""
