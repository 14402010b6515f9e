import PetrelCore

/// `pprint`: what fits 80 columns in one line, everything else item by item; keys sorted.
struct JinjaPrettyPrinter {
    let run: JinjaRun
    private let width = 80

    func text(_ value: JinjaValue) throws(PythonFault) -> String {
        var out = ""
        try write(value, to: &out, indent: 0, allowance: 0, depth: 0)
        return out
    }

    /// The one-line form, keys sorted.
    private func flat(_ value: JinjaValue, _ depth: Int) throws(PythonFault) -> String {
        try PythonValues.check(depth)
        try run.budget.work()
        if let items = items(value) {
            var parts: [String] = []
            for item in items.items { parts.append(try flat(item, depth + 1)) }
            let comma = items.open == "(" && parts.count == 1 ? "," : ""
            return items.open + parts.joined(separator: ", ") + comma + items.close
        }
        if let entries = try sortedEntries(value) {
            var parts: [String] = []
            for entry in entries { parts.append(try flat(entry.key, depth + 1) + ": " + flat(entry.value, depth + 1)) }
            return "{" + parts.joined(separator: ", ") + "}"
        }
        return try run.shown(value)
    }

    private func items(_ value: JinjaValue) -> (items: [JinjaValue], open: String, close: String)? {
        if let items = value.listItems(run) { return (items, "[", "]") }
        if case .tuple(let tuple) = value { return (tuple.items, "(", ")") }
        return nil
    }

    private func sortedEntries(_ value: JinjaValue) throws(PythonFault) -> [JinjaDict.Entry]? {
        guard let members = value.members(run) else { return nil }
        return try PythonSort.sorted(Array(members.values), run.budget) { left, right throws(PythonFault) in
            do throws(PythonFault) { return try run.order(left.key, right.key) == .less } catch {
                // Keys without an order are sorted by the names of their types.
                if error.isLimit { throw error }
                return PythonText.order(left.key.typeName, right.key.typeName) == .less
            }
        }
    }

    private func write(
        _ value: JinjaValue, to out: inout String, indent: Int, allowance: Int, depth: Int
    ) throws(PythonFault) {
        let text = try flat(value, depth)
        try run.budget.make(bytes: text.utf8.count)
        if PythonText.length(text) <= width - indent - allowance {
            out += text
            return
        }
        if let list = items(value) {
            out += list.open
            for (at, item) in list.items.enumerated() {
                if at > 0 { out += ",\n" + blanks(indent + 1) }
                let isLast = at == list.items.count - 1
                try write(item, to: &out, indent: indent + 1, allowance: isLast ? allowance + 1 : 1, depth: depth + 1)
            }
            out += (list.open == "(" && list.items.count == 1 ? "," : "") + list.close
        } else if let entries = try sortedEntries(value) {
            out += "{"
            for (at, entry) in entries.enumerated() {
                if at > 0 { out += ",\n" + blanks(indent + 1) }
                let key = try run.shown(entry.key)
                out += key + ": "
                let isLast = at == entries.count - 1
                try write(
                    entry.value, to: &out, indent: indent + PythonText.length(key) + 3,
                    allowance: isLast ? allowance + 1 : 1, depth: depth + 1)
            }
            out += "}"
        } else if let long = value.string {
            try writeLong(long, text, to: &out, indent: indent, allowance: allowance, isTop: depth == 0)
        } else {
            out += text
        }
    }

    private func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }

    /// A long text as several literals, cut at line breaks and behind blanks.
    private func writeLong(
        _ text: String, _ shown: String, to out: inout String, indent: Int, allowance: Int, isTop: Bool
    ) throws(PythonFault) {
        let lines = PythonText.lines(text, keepingEnds: true)
        let start = isTop ? indent + 1 : indent
        let last = isTop ? allowance + 1 : allowance
        var chunks: [String] = []
        for (at, line) in lines.enumerated() {
            let literal = PythonText.quoted(line)
            let room = width - start - (at == lines.count - 1 ? last : 0)
            if PythonText.length(literal) <= room {
                chunks.append(literal)
            } else {
                chunks += words(line, room: width - start, last: at == lines.count - 1 ? last : 0)
            }
        }
        guard chunks.count > 1 else {
            out += shown
            return
        }
        try run.budget.make(chunks.count, times: start + 4)
        out += (isTop ? "(" : "") + chunks.joined(separator: "\n" + blanks(start)) + (isTop ? ")" : "")
    }

    private func words(_ line: String, room: Int, last: Int) -> [String] {
        var parts: [String] = []
        var current = ""
        var wasBlank = false
        for scalar in line.unicodeScalars {
            let isBlank = PythonText.isSpace(scalar)
            if wasBlank, !isBlank {
                parts.append(current)
                current = ""
            }
            current.unicodeScalars.append(scalar)
            wasBlank = isBlank
        }
        if !current.isEmpty { parts.append(current) }
        var chunks: [String] = []
        var chunk = ""
        for (at, part) in parts.enumerated() {
            let candidate = chunk + part
            let limit = at == parts.count - 1 ? room - last : room
            // What is longer unquoted need not be quoted to see that.
            let isLonger = PythonText.length(candidate) > limit
            if isLonger || PythonText.length(PythonText.quoted(candidate)) > limit, !chunk.isEmpty {
                chunks.append(PythonText.quoted(chunk))
                chunk = part
            } else {
                chunk = candidate
            }
        }
        if !chunk.isEmpty { chunks.append(PythonText.quoted(chunk)) }
        return chunks
    }
}
