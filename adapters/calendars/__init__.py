"""Calendars of those who are on call, as iCalendar (RFC 5545), from a server or a file."""
