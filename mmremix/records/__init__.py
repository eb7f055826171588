"""What Remix decided in every scoring epoch, kept as a file of the run."""

from mmremix.records.record_file import RecordFile, epoch_record
from mmremix.records.records import Records, discrepancy_ratios, read_records

__all__ = [
    'RecordFile',
    'Records',
    'discrepancy_ratios',
    'epoch_record',
    'read_records',
]
