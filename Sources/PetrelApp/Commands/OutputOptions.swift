import ArgumentParser
import PetrelCore
import PetrelExpressions

/// How a command shows what it found.
struct OutputOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print JSON.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print YAML.")
    var yaml = false

    var format: ResourceOutput.Format { json ? .json : yaml ? .yaml : .text }

    func validate() throws {
        if json && yaml { throw ValidationError("-j and -y can't be used together.") }
    }
}

/// Prints resources of the API: tables for lists, properties for single ones, or JSON and YAML.
struct ResourceOutput {
    enum Format: Sendable { case text, json, yaml }

    var format: Format
    var style: TextStyle
    /// nil when nobody looks.
    var width: Int?
    /// Whether tables have borders, and single resources stand in tables, too.
    var isBordered = false
    /// The most that columns may take: the first number for the first one, the last for all that follow; empty for any.
    var columnWidths: [Int] = []

    /// The lines of a listing.
    func list(_ items: [Value], columns: [String]) -> [String] {
        guard format == .text else { return document(.array(items.map { Self.chosen(columns, of: $0) })) }
        guard !items.isEmpty else { return ["No matching items found"] }
        let columns = columns == ["all"] ? Self.allKeys(of: items) : columns
        let rows = items.map { item in
            columns.enumerated().map { index, column in
                let cell = VisibleText.line(Self.cell(Self.value(at: column, in: item)))
                guard let most = columnWidths.isEmpty ? nil : columnWidths[min(index, columnWidths.count - 1)] else {
                    return cell
                }
                return DisplayWidth.cut(cell, to: most)
            }
        }
        let table = Table(columns: columns, rows: rows)
        return isBordered ? table.borderedLines(style: style) : table.lines(width: width, style: style)
    }

    /// The lines of one resource.
    func single(_ item: Value, attributes: [String]) -> [String] {
        guard format == .text else { return document(Self.chosen(attributes, of: item)) }
        let attributes = attributes == ["all"] ? Array(item.object?.keys ?? []) : attributes
        if isBordered {
            let rows = attributes.map { [$0, Self.cell(Self.value(at: $0, in: item))] }
            return Table(columns: ["Property", "Value"], rows: rows).borderedLines(style: style)
        }
        return attributes.flatMap { name in property(name, Self.value(at: name, in: item)) }
    }

    /// A value alone, as `-k` and a single `--attr` show it.
    func bare(_ value: Value) -> [String] {
        switch (format, value) {
        case (.text, .string(let text)): VisibleText.lines(text)
        case (.text, .null): ["None"]
        case (.text, _): yamlLines(value)
        default: document(value)
        }
    }

    private func property(_ name: String, _ value: Value?) -> [String] {
        let head = style.bold(name + ":")
        switch value {
        case .array(let items) where !items.isEmpty: return [head] + yamlLines(.array(items)).map { "  " + $0 }
        case .object(let members) where !members.isEmpty: return [head] + yamlLines(.object(members)).map { "  " + $0 }
        case .string(let text):
            let lines = VisibleText.lines(text)
            if lines.count > 1 { return [head] + lines.map { "  " + $0 } }
            return ["\(head) \(name == "status" ? colored(status: text) : lines[0])"]
        default: return ["\(head) \(Self.cell(value))"]
        }
    }

    private func colored(status text: String) -> String {
        let word = text.prefix { $0 != " " }
        let shown = VisibleText.line(text)
        switch ExecutionStatus(rawValue: String(word)) {
        case .succeeded: return style.green(shown)
        case .failed, .timeout, .abandoned: return style.red(shown)
        case .canceled, .canceling, .paused, .pausing, .pending: return style.yellow(shown)
        default: return shown
        }
    }

    private func document(_ value: Value) -> [String] {
        if format == .yaml { return yamlLines(value) }
        // StackStorm's client sorts and indents by four, and scripts compare its output.
        return [Self.escapingControls(JSONWriter.text(value.sortedByKey, .indented(4)))]
    }

    /// JSON whose texts hold no C1 controls, which some terminals obey.
    private static func escapingControls(_ json: String) -> String {
        guard json.unicodeScalars.contains(where: { (0x80...0x9F).contains($0.value) }) else { return json }
        return json.unicodeScalars.map { scalar in
            (0x80...0x9F).contains(scalar.value) ? "\\u00" + String(scalar.value, radix: 16) : String(scalar)
        }.joined()
    }

    private func yamlLines(_ value: Value) -> [String] {
        var lines = VisibleText.lines(YAMLWriter.text(value))
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func cell(_ value: Value?) -> String {
        switch value {
        case nil, .null: ""
        case .string(let text): text
        case .bool(let truth): truth ? "True" : "False"
        case .some(let value): JSONWriter.text(value, .spaced)
        }
    }

    private static func allKeys(of items: [Value]) -> [String] {
        var keys: [String] = []
        for item in items {
            for key in item.object?.keys ?? [] where !keys.contains(key) { keys.append(key) }
        }
        return keys
    }

    /// The value that a dotted path leads to.
    static func value(at path: String, in item: Value) -> Value? {
        if let value = item[path] { return value }
        var value: Value? = item
        for key in path.split(separator: ".") { value = value?[String(key)] }
        return value
    }

    /// An object of the chosen attributes; dotted ones are objects in it, absent ones are left out.
    static func chosen(_ attributes: [String], of item: Value) -> Value {
        guard attributes != ["all"] else { return item }
        var chosen = Value.object([:])
        for path in attributes {
            guard let value = value(at: path, in: item), !value.isNull else { continue }
            chosen = chosen.setting(path.split(separator: ".").map(String.init)[...], to: value)
        }
        return chosen
    }
}

extension Value {
    /// The value with the keys of all its objects in order.
    var sortedByKey: Value {
        switch self {
        case .array(let items): .array(items.map(\.sortedByKey))
        case .object(let members):
            .object(
                ValueObject(
                    members.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sortedByKey) },
                    uniquingKeysWith: { _, last in last }))
        default: self
        }
    }

    fileprivate func setting(_ path: ArraySlice<String>, to value: Value) -> Value {
        guard let key = path.first else { return value }
        var members = object ?? [:]
        members[key] = (members[key] ?? .object([:])).setting(path.dropFirst(), to: value)
        return .object(members)
    }
}
