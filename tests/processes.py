"""`malimet` as one of several processes, for torchrun: `processes.py PLACE train recipe.yaml …`.

Each step's loss is logged, and a checkpoint written every other step. The main process is killed when it opens a file
whose path ends in PLACE to write it.
"""

import os
import signal
import sys

import train.trainer
from malimet.cli import app

if __name__ == "__main__":
    place = sys.argv.pop(1)

    def kill(event: str, arguments: tuple[object, ...]) -> None:
        """The end, at the place."""
        if event == "open" and str(arguments[0]).endswith(place) and arguments[1] not in (None, "r", "rb"):
            os.kill(os.getpid(), signal.SIGKILL)

    if place and os.environ["RANK"] == "0":
        sys.addaudithook(kill)
    train.trainer.CHECKPOINT_STEPS, train.trainer.LOGGING_STEPS = 2, 1
    app()
