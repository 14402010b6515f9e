"""errbot peer. Environment: BENCH_TMP (scratch), ERRBOT_BACKEND=SlackV3|Mattermost, SLACK_API_URL or MM_URL, EXTRA_COMMANDS."""
import logging
import os
import site
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
SP = [p for p in site.getsitepackages() if p.endswith("site-packages")][0]
BACKEND = os.environ["ERRBOT_BACKEND"]
BOT_DATA_DIR = os.environ["BENCH_TMP"]
BOT_LOG_FILE = os.path.join(BOT_DATA_DIR, "errbot.log")
BOT_LOG_LEVEL = logging.ERROR
BOT_EXTRA_PLUGIN_DIR = os.path.join(HERE, "errbot_plugin")
BOT_PREFIX = "!"
BOT_ADMINS = ("@user0",)
CORE_PLUGINS = ("ACLs", "CommandNotFoundFilter", "Help", "Health", "Plugins")
BOT_ASYNC = True
BOT_ASYNC_POOLSIZE = 10
if BACKEND == "SlackV3":
    BOT_EXTRA_BACKEND_DIR = os.path.join(SP, "slackv3")
    BOT_IDENTITY = {"token": "xoxb-fake-bot", "app_token": "xapp-fake-app"}
else:
    BOT_EXTRA_BACKEND_DIR = os.path.join(SP, "err-backend-mattermost")
    u = urllib.parse.urlparse(os.environ["MM_URL"])
    BOT_IDENTITY = {"team": "fake", "token": "fake-bot-token", "server": u.hostname, "port": u.port, "scheme": "http"}
