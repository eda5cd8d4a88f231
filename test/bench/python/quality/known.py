"""What the harness knows: {} in; {"models": {id: {"task", "parameters", "epochs"}}, "mutants": [...], "honest": [...]} out."""
import json
import sys

from references import ASKED, HONEST, MODELS, MUTANTS

models = {model: {"parameters": {}, "epochs": 1, **ASKED.get(model, {}), "task": task} for model, (task, _) in MODELS.items()}
json.dump({"models": models, "mutants": list(MUTANTS), "honest": list(HONEST)}, sys.stdout)
