from st2common.runners.base_action import Action

import primes


class IsPrime(Action):
    def run(self, value):
        self.logger.debug("looking for a divisor of %d", value)
        return value > 1 and primes.divisor(value) == value
