"""Benchmarks: ``make bench`` or ``python -m bench webhook delivery``. Figures and goals are in docs/performance.md."""
