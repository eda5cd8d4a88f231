"""What the bench of models compares: {} in; the cases of references.py out."""
import json
import sys

from references import CASES

json.dump(CASES, sys.stdout)
