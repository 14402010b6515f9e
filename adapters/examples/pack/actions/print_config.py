from st2common.runners.base_action import Action


class PrintConfig(Action):
    def run(self, region):
        self.action_service.set_value("last_region", region, ttl=3600)
        return {
            "configured": sorted(self.config), "region": region,
            "remembered": self.action_service.get_value("last_region"),
            "user": self.action_service.get_user_info()["username"],
        }
