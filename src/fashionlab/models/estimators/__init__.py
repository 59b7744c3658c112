"""The estimators: scikit-learn's and LightGBM's models, one a file, and what they have in common."""
