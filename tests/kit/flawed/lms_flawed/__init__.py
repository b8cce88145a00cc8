"""Plugins that break the contract, each at one level."""
