"""Server-rendered pages: the Trader's Room, the staff screens, the partner's page."""
