"""The classes that a pack's sensors are made from, by StackStorm's names."""

import abc
import time

__all__ = ["BaseSensor", "Sensor", "PollingSensor"]


class BaseSensor(abc.ABC):
    """What all sensors have."""

    def __init__(self, sensor_service, config=None):
        self._sensor_service = sensor_service
        self._config = config or {}

    @property
    def sensor_service(self):
        return self._sensor_service

    @property
    def config(self):
        return self._config

    @abc.abstractmethod
    def setup(self):
        """Runs once before anything else."""

    @abc.abstractmethod
    def run(self):
        """Runs until the sensor ends."""

    @abc.abstractmethod
    def cleanup(self):
        """Runs once when the sensor is to end."""

    @abc.abstractmethod
    def add_trigger(self, trigger):
        """A trigger of the sensor's types has come to be."""

    @abc.abstractmethod
    def update_trigger(self, trigger):
        """A trigger of the sensor's types has changed."""

    @abc.abstractmethod
    def remove_trigger(self, trigger):
        """A trigger of the sensor's types is gone."""


class Sensor(BaseSensor):
    """A sensor that waits by itself."""


class PollingSensor(BaseSensor):
    """A sensor that looks again and again."""

    def __init__(self, sensor_service, config=None, poll_interval=5):
        super().__init__(sensor_service, config)
        self._poll_interval = poll_interval or 5

    @abc.abstractmethod
    def poll(self):
        """One look."""

    def run(self):
        while True:
            self.poll()
            time.sleep(self._poll_interval)

    def get_poll_interval(self):
        return self._poll_interval

    def set_poll_interval(self, poll_interval):
        self._poll_interval = poll_interval
