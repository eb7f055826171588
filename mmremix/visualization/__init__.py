"""Tables for people."""

from mmremix.visualization.tables import accuracy_table, run_table

__all__ = ['accuracy_table', 'run_table']
