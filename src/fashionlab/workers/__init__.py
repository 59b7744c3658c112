"""Worker processes: where frameworks live.

Keras fixes its backend when it is imported and does not survive a change. So whatever needs a framework runs in a
child process with its backend fixed; the parent stays light, and can stop a child or do without it.
"""

from fashionlab.workers.messages import Task
from fashionlab.workers.parent import Worker

__all__ = ["Task", "Worker"]
