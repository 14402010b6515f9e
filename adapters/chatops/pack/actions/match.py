from st2common.runners.base_action import Action
from st2common.services.datastore import call


class Match(Action):
    def run(self, text):
        found = call("POST", "/actionalias/match", {"command": text})
        alias = (found or {}).get("actionalias") if isinstance(found, dict) else None
        if not alias:
            return False, "No alias fits."
        return True, {
            "alias": {key: alias.get(key) for key in ("name", "pack", "action_ref")},
            "representation": found.get("representation"),
        }
