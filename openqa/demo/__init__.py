"""Bundled demo data: passages in twelve languages and questions asked across them."""
