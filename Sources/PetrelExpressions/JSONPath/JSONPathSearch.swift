import PetrelCore

/// A value that was found, and where: its parents lead back to the root.
private final class FoundValue {
    let value: Value
    let parent: FoundValue?
    /// What the parent of the root is in the original: a nothing that only some steps survive.
    let isMissing: Bool

    init(_ value: Value, parent: FoundValue?, isMissing: Bool = false) {
        self.value = value
        self.parent = parent
        self.isMissing = isMissing
    }
}

/// One evaluation of a path.
struct JSONPathSearch {
    var visitsLeft: Int

    mutating func values(_ steps: [JSONPathStep], in root: Value) throws(PythonFault) -> [Value] {
        let found = try find(steps, from: FoundValue(root, parent: nil))
        var values: [Value] = []
        values.reserveCapacity(found.count)
        for match in found {
            if match.isMissing { throw Self.missing }
            values.append(match.value)
        }
        return values
    }

    /// An item by its index as the original takes it, which knows no types: a text has items too.
    static func item(_ index: Int, of value: Value) throws(PythonFault) -> Value? {
        switch value {
        case .array(let items):
            guard index < items.count else { return nil }
            let position = index < 0 ? items.count + index : index
            guard items.indices.contains(position) else { throw PythonFault(.indexError, "list index out of range") }
            return items[position]
        case .string(let text):
            let scalars = text.unicodeScalars
            let count = scalars.count
            guard index < count else { return nil }
            let position = index < 0 ? count + index : index
            guard position >= 0 else { throw PythonFault(.indexError, "string index out of range") }
            return .string(String(scalars[scalars.index(scalars.startIndex, offsetBy: position)]))
        case .object(let members):
            if index >= members.count { return nil }
            throw PythonFault(.keyError, "\(index)")
        default:
            throw .type("object of type '\(PythonValues.typeName(value))' has no len()")
        }
    }

    private static let missing = PythonFault(.attributeError, "'NoneType' object has no attribute 'value'")

    private mutating func visit(_ count: Int = 1) throws(PythonFault) {
        visitsLeft -= count
        if visitsLeft < 0 { throw .tooComplex("The JSONPath visits too many values") }
    }

    private mutating func find(
        _ steps: [JSONPathStep], from start: FoundValue
    ) throws(PythonFault) -> [FoundValue] {
        var found = [start]
        for step in steps {
            var next: [FoundValue] = []
            for match in found {
                try visit()
                try apply(step, to: match, &next)
            }
            if next.isEmpty { return [] }
            found = next
        }
        return found
    }

    private mutating func apply(
        _ step: JSONPathStep, to match: FoundValue, _ next: inout [FoundValue]
    ) throws(PythonFault) {
        switch step {
        case .fields(let names): try fields(names, of: match, &next)
        case .index(let index):
            if let item = try Self.item(index, of: match.value) { next.append(FoundValue(item, parent: match)) }
        case .slice(let start, let end): try slice(start, end, of: match, &next)
        case .root: next.append(root(of: match))
        case .this: next.append(FoundValue(match.value, parent: match.parent))
        case .parent: next.append(match.parent ?? FoundValue(.null, parent: nil, isMissing: true))
        case .descendants(let path): try descendants(path, of: match, &next)
        case .filter(let path):
            if try !find(path, from: match).isEmpty { next.append(match) }
        case .union(let paths): for path in paths { next += try find(path, from: match) }
        case .intersection: throw PythonFault(.notImplemented, "A JSONPath with & can't be evaluated")
        }
    }

    private mutating func fields(
        _ names: [String], of match: FoundValue, _ next: inout [FoundValue]
    ) throws(PythonFault) {
        guard case .object(let members) = match.value else { return }
        if names.contains("*") {
            try visit(members.count)
            for value in members.values { next.append(FoundValue(value, parent: match)) }
        } else {
            try visit(names.count)
            for name in names {
                if let value = members[name] { next.append(FoundValue(value, parent: match)) }
            }
        }
    }

    /// A slice of anything with one value in it is a slice of a list of that.
    private mutating func slice(
        _ start: Int?, _ end: Int?, of match: FoundValue, _ next: inout [FoundValue]
    ) throws(PythonFault) {
        switch match.value {
        case .array(let items):
            let range = Self.range(start, end, count: items.count)
            try visit(range.count)
            for index in range { next.append(FoundValue(items[index], parent: match)) }
        case .object, .string, .integer, .bigInteger, .bool:
            let list = FoundValue(.array([match.value]), parent: match.parent)
            try slice(start, end, of: list, &next)
        case .null, .double: _ = try Self.item(0, of: match.value)
        }
    }

    /// Python's rule for the ends of a slice.
    private static func range(_ start: Int?, _ end: Int?, count: Int) -> Range<Int> {
        func position(_ index: Int?, _ fallback: Int) -> Int {
            guard let index else { return fallback }
            return index < 0 ? max(0, index.addingReportingOverflow(count).partialValue) : min(index, count)
        }
        let lower = position(start, 0)
        return lower..<max(lower, position(end, count))
    }

    private func root(of match: FoundValue) -> FoundValue {
        var top = match
        while let parent = top.parent { top = parent }
        return FoundValue(top.value, parent: nil)
    }

    /// Each value first, then what is below it; without recursion, for data may be deep.
    private mutating func descendants(
        _ path: [JSONPathStep], of start: FoundValue, _ next: inout [FoundValue]
    ) throws(PythonFault) {
        var waiting = [start]
        while let match = waiting.popLast() {
            try visit()
            next += try find(path, from: match)
            if match.isMissing { throw Self.missing }
            switch match.value {
            case .array(let items): waiting += items.reversed().map { FoundValue($0, parent: match) }
            case .object(let members): waiting += members.values.reversed().map { FoundValue($0, parent: match) }
            default: break
            }
        }
    }
}
