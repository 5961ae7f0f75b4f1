"""The All Listings Report: what a seller offers in a marketplace, SKU by SKU, as tab-separated text."""
