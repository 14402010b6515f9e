from st2reactor.sensor.base import PollingSensor


class SamplePollingSensor(PollingSensor):
    def setup(self):
        self._count = 0

    def poll(self):
        self._count += 1
        self.sensor_service.dispatch(trigger="examples.measured", payload={"value": self._count})

    def cleanup(self):
        pass

    def add_trigger(self, trigger):
        pass

    def update_trigger(self, trigger):
        pass

    def remove_trigger(self, trigger):
        pass
