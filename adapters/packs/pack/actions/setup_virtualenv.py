import os
import shutil
import subprocess
import time

from st2common.runners.base_action import Action
from st2common.services.datastore import call


class SetupVirtualEnv(Action):
    """Makes an environment beside the one in force and puts it there when it is whole.

    The name of a pack is a link to the folder of its environment, so that the change is one rename. The folder that was in
    force stays until the next change: actions that run may still load from it.
    """

    def run(self, packs, update=False, no_download=True, env=None, timeout=None):
        self.base = os.environ["PETREL_VIRTUALENVS"]
        self.environment = {
            name: value for name, value in os.environ.items()
            if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV") and not name.startswith("ST2_")
        }
        for name in packs:
            self.set_up(name, update)
        return "Successfully set up virtualenv for the following packs: %s" % ", ".join(sorted(packs))

    def set_up(self, pack, update):
        found = call("GET", "/packs/" + pack)
        if not found:
            raise ValueError('Pack "%s" doesn\'t exist.' % pack)
        link = os.path.join(self.base, pack)
        if update and os.path.exists(os.path.join(link, "bin", "python")):
            return self.install(found, link)
        os.makedirs(self.base, mode=0o700, exist_ok=True)
        folder = "%s@%d" % (link, time.time_ns())
        try:
            self.call([os.environ.get("PETREL_PYTHON") or "python3", "-m", "venv", folder])
            self.install(found, folder)
            self.put_in_force(link, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.remove_old(link, folder)

    def install(self, pack, folder):
        path = os.path.join(pack["path"], "requirements.txt")
        if not os.path.exists(path):
            return
        self.logger.info("installing what %s lists", path)
        python = os.path.join(folder, "bin", "python")
        self.call([python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r", path])

    def put_in_force(self, link, folder):
        fresh = folder + ".link"
        os.symlink(os.path.basename(folder), fresh)
        if os.path.isdir(link) and not os.path.islink(link):
            # Made by hand: moved away, so that it is removed the next time.
            os.rename(link, "%s@0" % link)
        os.rename(fresh, link)

    def remove_old(self, link, folder):
        own = sorted(
            name for name in os.listdir(self.base)
            if name.startswith(os.path.basename(link) + "@") and os.path.join(self.base, name) != folder)
        for name in own[:-1]:
            shutil.rmtree(os.path.join(self.base, name), ignore_errors=True)

    def call(self, words):
        done = subprocess.run(
            words, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace")
        print(done.stdout, end="")
        if done.returncode:
            raise RuntimeError("%s ended with %d: %s" % (words[:4], done.returncode, done.stdout[-2000:].strip()))
