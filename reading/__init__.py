"""What somebody writes flows in, an `EmotionEstimate` flows out."""
