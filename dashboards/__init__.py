"""Questions answered on the published marts. Reads the lake, asks the API, owns no data."""
