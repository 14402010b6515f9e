import time

from st2common.runners.base_action import Action
from st2common.services.datastore import call

ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned")
LONGEST_PAUSE = 1


class MatchAndExecute(Action):
    def run(self, text, source_channel=None, user=None):
        match = call("POST", "/actionalias/match", {"command": text})
        alias = match["actionalias"]
        execution = call("POST", "/aliasexecution", {
            "name": alias["name"], "format": match["representation"], "command": text, "user": user or "",
            "source_channel": source_channel or "", "notification_channel": None, "notification_route": None,
        })["execution"]
        return self.wait(execution["id"])

    def wait(self, execution_id):
        """The action's own time-out ends the wait."""
        pause = 0.02
        while call("GET", "/executions/%s?include_attributes=status" % execution_id)["status"] not in ENDED:
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        return execution_id
