"""Handwritten digits as pictures, words, sounds and videos, and questions about them."""
