"""What a run keeps: each scoring epoch, and the last confusion matrices."""

from mmremix.records.confusion import (
    Confusion,
    read_confusion,
    save_confusion,
)
from mmremix.records.record_file import RecordFile, epoch_record
from mmremix.records.records import Records, discrepancy_ratios, read_records

__all__ = [
    'Confusion',
    'RecordFile',
    'Records',
    'discrepancy_ratios',
    'epoch_record',
    'read_confusion',
    'read_records',
    'save_confusion',
]
