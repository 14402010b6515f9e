public import PetrelCore

/// What a YAML text holds, and where in the text each part stands.
public struct YAMLDocument: Sendable {
    /// The content; null for an empty text.
    public let value: Value
    /// What was read but looks wrong: keys that are given twice, each with its place.
    public let warnings: [ExpressionError]
    let file: String
    let places: YAMLPlaces

    /// Where a part stands, by the keys and array indexes (as text) that lead to it.
    ///
    /// A member of an object is where its key is. A path that leads nowhere gives the last part on it that exists.
    public func location(of path: [String]) -> Location {
        YAMLProblem.location(places.mark(of: path), file: file)
    }
}

/// The places of all values of a document, as a tree; the parts under an alias are those of its anchor.
struct YAMLPlaces: Sendable {
    private struct Place: Sendable {
        var mark: YAMLMark
        var members: [String: Int] = [:]
        var items: [Int] = []
    }

    private var places: [Place] = []
    var root = 0

    mutating func add(_ mark: YAMLMark) -> Int {
        places.append(Place(mark: mark))
        return places.count - 1
    }

    mutating func setMembers(_ members: [String: Int], of place: Int) { places[place].members = members }

    mutating func addItem(_ item: Int, to place: Int) { places[place].items.append(item) }

    func mark(at place: Int) -> YAMLMark { places[place].mark }

    func members(of place: Int) -> [String: Int] { places[place].members }

    func members(ofItem item: Int, of place: Int) -> [String: Int] { places[places[place].items[item]].members }

    /// A key's place whose parts are those of a value.
    mutating func add(_ mark: YAMLMark, partsOf value: Int) -> Int {
        var place = places[value]
        place.mark = mark
        places.append(place)
        return places.count - 1
    }

    func mark(of path: [String]) -> YAMLMark {
        guard places.indices.contains(root) else { return YAMLMark(line: 0, column: 0) }
        var place = root
        for step in path {
            if let member = places[place].members[step] {
                place = member
            } else if let index = Int(step), places[place].items.indices.contains(index) {
                place = places[place].items[index]
            } else {
                break
            }
        }
        return places[place].mark
    }
}
