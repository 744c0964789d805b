"""Speech emotion recognition: sound in, `ser.emotions.EmotionEstimate` out."""
