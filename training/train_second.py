"""Train the second network: ``python training/train_second.py``; further arguments are those of ``train.py``."""

import sys

import second
import train

if __name__ == "__main__":
    train.main([*second.COMMAND, *sys.argv[1:]])
