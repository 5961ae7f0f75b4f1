"""Data Kiosk v2023-11-15: queries in GraphQL, documents in JSON lines."""
