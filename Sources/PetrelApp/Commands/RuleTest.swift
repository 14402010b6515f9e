import ArgumentParser
import PetrelCore
import PetrelExpressions
import PetrelSystem

/// `petrel rule test`: holds a trigger instance against the criteria of a rule and runs nothing.
struct RuleTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Tell whether a rule fits a trigger instance, and which criterion does not, with both values.",
        discussion: "Ends with 0 if it fits, with 1 if not. Files need no service.")

    @Option(help: "The file of the rule.")
    var rule: String?
    @Option(help: "The rule in the service, by reference or id.")
    var ruleRef: String?
    @Option(help: "A file with trigger and payload, or with the payload alone.")
    var triggerInstance: String?
    @Option(help: "The trigger instance in the service.")
    var triggerInstanceId: String?
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions

    func validate() throws {
        if (rule == nil) == (ruleRef == nil) { throw ValidationError("Give --rule FILE or --rule-ref REF.") }
        if (triggerInstance == nil) == (triggerInstanceId == nil) {
            throw ValidationError("Give --trigger-instance FILE or --trigger-instance-id ID.")
        }
    }

    func run() async throws {
        let console = Console.current
        let document = try await self.document(rule, "/rules/", ruleRef, console)
        let instance = try await self.document(triggerInstance, "/triggerinstances/", triggerInstanceId, console)
        let checked = try RuleTestRun(rule: document, instance: instance, now: SystemClock().now)
        if output.format == .text {
            console.print(checked.lines)
        } else {
            console.print(console.output(output).bare(checked.document))
        }
        if !checked.isMatch { throw ExitCode(1) }
    }

    private func document(_ file: String?, _ path: String, _ reference: String?, _ console: Console) async throws
        -> Value
    {
        if let file { return try ResourceFile.value(file, console) }
        return try await client.client(console).get(path + URLText.escaped(reference ?? ""))
    }
}

/// One rule held against one trigger instance.
struct RuleTestRun {
    private let ref: String
    private let checks: [CriterionCheck]
    private let problem: String?
    let isMatch: Bool

    init(rule: Value, instance: Value, now: Instant) throws(AppError) {
        guard let rule = rule.object else { throw AppError(.usage, "the rule must hold keys and values") }
        let parsed: Rule
        let criteria: RuleCriteria
        do {
            parsed = try Rule(
                id: ContentID(stored: ""), pack: rule["pack"]?.string ?? "default",
                document: rule.filter { $0.key != "notify" || $0.value.object != nil })
            criteria = try RuleCriteria(parsed.criteria, rule: parsed.ref.description)
        } catch let fault as ContentFault {
            throw AppError(.usage, "the rule makes no sense: \(fault.message)", hint: fault.hint)
        } catch {
            throw AppError(.usage, "the rule makes no sense: \(error)")
        }
        ref = parsed.ref.description
        problem = Self.otherTrigger(parsed, instance)
        let payload = instance["payload"] ?? instance
        checks = criteria.checks(
            payload,
            context: CriteriaContext(now: now) { text, values throws(ExpressionError) in
                try JinjaTemplate.cached(text).render(JinjaContext(values: values))
            })
        let isEmpty = !parsed.criteria.isEmpty && !payload.isTruthy
        isMatch = problem == nil && !isEmpty && checks.allSatisfy(\.isMatch)
    }

    /// A trigger that the instance names and the rule does not wait for.
    private static func otherTrigger(_ rule: Rule, _ instance: Value) -> String? {
        guard let trigger = instance["trigger"]?.string, let ref = ContentRef(trigger),
            ref.pack == rule.triggerType.pack,
            rule.triggerParameters.isEmpty, ref != rule.triggerType
        else { return nil }
        return "the rule waits for \(rule.triggerType), the instance is of \(trigger)"
    }

    /// A line for each criterion and the answer.
    var lines: [String] {
        let parts = checks.map { check in
            let mark = check.isMatch ? "ok  " : "FAIL"
            let values = "\(Self.text(check.payloadValue)) \(check.operatorName ?? "?") \(Self.text(check.pattern))"
            let failures = check.failures.map { "       \($0.reason): \($0.error.message)" }
            return (["\(mark) \(check.key): \(values)"] + failures).joined(separator: "\n")
        }
        let answer = isMatch ? "=== RULE MATCHES ===" : "=== RULE DOES NOT MATCH ==="
        let known = problem.map { ["FAIL trigger: \($0)"] } ?? []
        return ["Rule \(ref)"].map(VisibleText.line) + (known + parts).flatMap(VisibleText.lines) + [answer]
    }

    /// The same as a document.
    var document: Value {
        [
            "rule": .string(ref), "matches": .bool(isMatch), "problem": Value(problem),
            "criteria": .array(
                checks.map { check in
                    [
                        "key": .string(check.key), "operator": Value(check.operatorName), "value": check.payloadValue,
                        "pattern": check.pattern, "matches": .bool(check.isMatch),
                        "failures": .array(check.failures.map { .string("\($0.reason): \($0.error.message)") }),
                    ]
                }),
        ]
    }

    private static func text(_ value: Value) -> String {
        let text = JSONWriter.text(value, .spaced)
        return text.count > 200 ? text.prefix(200) + "…" : text
    }
}
