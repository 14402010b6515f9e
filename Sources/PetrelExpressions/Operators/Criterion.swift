import PetrelCore

/// One criterion: where to look, how to compare, and with what.
struct Criterion: Sendable {
    /// What was found and whether it fits.
    struct Result {
        var isMatch: Bool
        var payloadValue: Value = .null
        var pattern: Value = .null
    }

    private enum Operation: Sendable {
        /// The criterion names no operator, so it never matches.
        case none
        case unknown(ExpressionError)
        case comparison(RuleComparison)
        case template(RuleOperator.Kind, CriteriaTemplate)
        case search(CriteriaSearch)
    }

    let key: String
    let operatorName: String?
    private let path: Path
    private let operation: Operation

    /// Where the value is.
    private enum Path: Sendable {
        case payload(JSONPath)
        /// The names after `system`.
        case datastore([String])
        case failure(ExpressionError)
    }

    static let maxDepth = 20

    init(_ key: String, _ value: Value, depth: Int) throws(ExpressionError) {
        guard depth <= Self.maxDepth else {
            throw ExpressionError(.tooComplex, "Searches are nested deeper than \(Self.maxDepth) levels")
        }
        self.key = key
        path = Self.path(key)
        operatorName = value["type"].map(\.pythonString)
        operation = try Self.operation(value, depth: depth)
    }

    private static func path(_ key: String) -> Path {
        let end = key.utf8.firstIndex(of: UInt8(ascii: "#")) ?? key.endIndex
        do throws(ExpressionError) {
            let path = try JSONPath(String(key[..<end]))
            let names = path.plainNames
            if let names, names.count > 1, names[0] == "system" || names[0] == "st2kv.system" {
                return .datastore(Array(names.dropFirst()))
            }
            return .payload(path)
        } catch { return .failure(error) }
    }

    private static func operation(_ value: Value, depth: Int) throws(ExpressionError) -> Operation {
        guard let type = value["type"] else { return .none }
        let pattern = value["pattern"] ?? .null
        let kind: RuleOperator.Kind
        do throws(ExpressionError) {
            guard let name = type.string else {
                throw ExpressionError(
                    .unknownFunction, "'\(PythonValues.typeName(type))' object has no attribute 'lower'")
            }
            kind = try RuleOperator(name).kind
        } catch { return .unknown(error) }
        // Only the name in small letters is given the condition.
        if kind == .search, type == "search" {
            return .search(try CriteriaSearch(pattern, condition: value["condition"] ?? .null, depth: depth))
        }
        if let text = pattern.string, CriteriaTemplate.isTemplate(text) {
            return .template(kind, CriteriaTemplate(text))
        }
        return .comparison(RuleComparison(kind, CriteriaTemplate.plain(pattern)))
    }

    /// Compares, with the given value as the member `root` of everything.
    func check(_ value: Value, root: String, _ run: CriteriaRun) -> Result {
        do throws(ExpressionError) { try run.budget.step() } catch { return failed(.comparison, error, run) }
        let comparison: RuleComparison?
        switch operation {
        case .none: return Result(isMatch: false)
        case .unknown, .search: comparison = nil
        case .comparison(let known): comparison = known
        case .template(let kind, let template):
            do throws(ExpressionError) {
                comparison = RuleComparison(kind, try template.render([root: value], run.context))
            } catch {
                run.fail(
                    .rendering, "Failed to render pattern value \"\(template.text)\" for key \"\(key)\"", error)
                return Result(isMatch: false)
            }
        }
        let found: Value
        do throws(ExpressionError) { found = try self.value(in: value, root: root, run) } catch {
            run.fail(.lookup, "Failed transforming criteria key \(key)", error)
            return Result(isMatch: false)
        }
        return compare(found, comparison, run)
    }

    private func compare(_ found: Value, _ comparison: RuleComparison?, _ run: CriteriaRun) -> Result {
        do throws(ExpressionError) {
            if let comparison {
                let isMatch = try comparison.matches(found, now: run.context.now, run.budget)
                return Result(isMatch: isMatch, payloadValue: found, pattern: comparison.pattern)
            }
            switch operation {
            case .search(let search):
                return Result(isMatch: try search.matches(found, run), payloadValue: found, pattern: search.pattern)
            case .unknown(let error): return failed(.choosingOperator, error, run)
            default: return Result(isMatch: false)
            }
        } catch { return failed(.comparison, error, run) }
    }

    private func failed(_ step: CriteriaFailure.Step, _ error: ExpressionError, _ run: CriteriaRun) -> Result {
        run.fail(step, "There might be a problem with the criteria in rule \(run.ruleRef)", error)
        return Result(isMatch: false)
    }

    private func value(in payload: Value, root: String, _ run: CriteriaRun) throws(ExpressionError) -> Value {
        switch path {
        case .payload(let path): try path.firstValue(inMember: root, of: payload) ?? .null
        case .datastore(let names): try run.context.datastore?.value(at: names) ?? .null
        case .failure(let error): throw error
        }
    }
}
