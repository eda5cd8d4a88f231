"""What the harness knows: {} in; {"models": {id: task}, "mutants": [...], "honest": [...]} out."""
import json
import sys

from references import HONEST, MODELS, MUTANTS

json.dump({"models": {model: task for model, (task, _) in MODELS.items()}, "mutants": list(MUTANTS), "honest": list(HONEST)}, sys.stdout)
