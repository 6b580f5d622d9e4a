"""Data in, figure out. No Streamlit here."""
