from st2common.runners.base_action import Action
from st2common.services.datastore import call


class InjectTrigger(Action):
    def run(self, trigger=None, trigger_name=None, payload=None, trace_tag=None):
        if trigger and trigger_name:
            raise ValueError("Parameters `trigger` and `trigger_name` are mutually exclusive.")
        if not trigger and not trigger_name:
            raise ValueError("You must include the `trigger_name` parameter.")
        body = {"trigger": trigger or trigger_name, "payload": payload or {}}
        return call("POST", "/webhooks/st2", body, headers={"St2-Trace-Tag": trace_tag} if trace_tag else None)
