"""``python -m mmremix train ...``, also below ``torchrun -m``."""

from mmremix.cli import main

if __name__ == '__main__':
    main()
