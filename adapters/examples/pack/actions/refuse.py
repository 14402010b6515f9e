from st2common.runners.base_action import Action


class Refuse(Action):
    def run(self, reason):
        return False, {"reason": reason}
