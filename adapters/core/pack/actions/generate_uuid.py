import uuid

from st2common.runners.base_action import Action


class GenerateUUID(Action):
    def run(self, uuid_type="uuid4"):
        if uuid_type not in ("uuid1", "uuid4"):
            raise ValueError("Unknown uuid_type: %s" % uuid_type)
        return str(getattr(uuid, uuid_type)())
