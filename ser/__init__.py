"""Speech emotion recognition: sound in, `emotions.estimate.EmotionEstimate` out."""
