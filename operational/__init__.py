"""The domain of the brokerage. Knows nothing of HTTP, Dagster or Streamlit."""
