"""Stores that earlier releases wrote, and what becomes of them under the present code."""
