"""Internships of a programme, from the offer of a firm to ECTS that are booked once."""
