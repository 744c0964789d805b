"""From sound to what a network sees: MFCC and the rest, and copies of them for training."""
