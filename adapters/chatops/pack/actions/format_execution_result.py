from st2common.runners.base_action import Action
from st2common.services.datastore import call

SHOWN = {
    "python-script": ["result", "stdout", "stderr", "exit_code"],
    "local-shell-cmd": ["stdout", "stderr", "return_code", "error"],
    "local-shell-script": ["stdout", "stderr", "return_code", "error"],
    "remote-shell-cmd": ["stdout", "stderr", "return_code", "error"],
    "remote-shell-script": ["stdout", "stderr", "return_code", "error"],
}


class FormatExecutionResult(Action):
    def run(self, execution_id):
        execution = call("GET", "/executions/" + execution_id)
        if not execution:
            return False, {"error": 'Execution "%s" doesn\'t exist.' % execution_id}
        enabled, template, extra = True, None, None
        alias = self._alias(execution)
        if alias:
            result = alias.get("result") or {}
            enabled = result.get("enabled", True)
            template, extra = result.get("format"), result.get("extra")
        message = template if template and "{{" not in template and "{%" not in template else self._text(execution)
        answer = {"enabled": enabled, "message": message}
        if extra:
            answer["extra"] = extra
        return True, answer

    def _alias(self, execution):
        reference = (execution.get("context") or {}).get("action_alias_ref") or {}
        return call("GET", "/actionalias/" + reference["id"]) if reference.get("id") else None

    def _text(self, execution):
        action = execution.get("action") or {}
        lines = [
            "Action %s completed." % action.get("ref"), "status : %s" % execution.get("status"),
            "execution: %s" % execution.get("id"),
        ]
        result = self._shown(action.get("runner_type"), execution.get("result"))
        if result:
            lines += ["result :", "--------"]
            lines += self._lines(result, 0) if isinstance(result, dict) else [str(result)]
        return "\n".join(lines)

    def _shown(self, runner, result):
        keys = SHOWN.get(runner)
        if not keys or not isinstance(result, dict):
            return result
        if runner.startswith("remote-"):
            return {
                host: {key: part[key] for key in keys if part.get(key)}
                for host, part in result.items() if isinstance(part, dict)
            }
        return {key: result[key] for key in keys if result.get(key)}

    def _lines(self, value, depth):
        lines = []
        for key, item in value.items():
            indent = "  " * depth
            if isinstance(item, dict):
                lines += ["%s%s :" % (indent, key)] + self._lines(item, depth + 1)
            elif isinstance(item, str) and "\n" in item:
                lines += ["%s%s :" % (indent, key)] + ["%s  %s" % (indent, line) for line in item.splitlines()]
            else:
                lines.append("%s%s : %s" % (indent, key, item))
        return lines
