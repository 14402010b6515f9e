import PetrelExpressions

/// Finds the `key=value` pairs that end a command, in linear time.
///
/// The reference does this with a regular expression that backtracks exponentially: 25 quoted pairs and a plain word keep
/// it busy for hours. Here each word is asked once, from the last to the first, whether pairs lead from it to the end.
struct PairScanner {
    /// The pairs, and the text without them.
    struct Tail {
        var pairs: [(key: String, value: String)]
        var rest: String
    }

    private let scalars: [Unicode.Scalar]
    private let isBlank: [Bool]
    /// For each place, where the word or the white space that it is in ends.
    private let runEnd: [Int]
    /// How many places were looked at, for the proof that this is linear.
    private(set) var steps = 0

    init(_ text: String) {
        let scalars = Array(text.unicodeScalars)
        let isBlank = scalars.map { PatternNode.isBlank($0.value) }
        var runEnd = [Int](repeating: scalars.count, count: scalars.count)
        for place in scalars.indices.dropLast().reversed() {
            runEnd[place] = isBlank[place] == isBlank[place + 1] ? runEnd[place + 1] : place + 1
        }
        self.scalars = scalars
        self.isBlank = isBlank
        self.runEnd = runEnd
        steps = scalars.count
    }

    private var end: Int { scalars.count }

    mutating func scan() -> Tail {
        guard scalars.contains("="), let start = start() else { return Tail(pairs: [], rest: text(0..<end)) }
        let pairs = pairs(from: start)
        return Tail(pairs: pairs, rest: textWithout(start))
    }

    // MARK: Where the pairs begin

    /// The last places of a closing mark from which the end can be reached.
    private struct Closings {
        var double = -1
        var single = -1
        var brace = -1

        func last(for opening: Unicode.Scalar) -> Int {
            switch opening {
            case "\"": double
            case "'": single
            case "{": brace
            default: -1
            }
        }
    }

    /// The place of the white space before the first word from which pairs lead to the end.
    private mutating func start() -> Int? {
        var leads = [Bool](repeating: false, count: end)
        var closings = Closings()
        var first: Int?
        for place in scalars.indices.reversed() {
            steps += 1
            if reachesEnd(place + 1, leads) { note(place, in: &closings) }
            guard !isBlank[place], place == 0 || isBlank[place - 1] else { continue }
            leads[place] = isPairStart(place, leads, closings)
            if leads[place] { first = place }
        }
        guard var start = first else { return nil }
        while start > 0, isBlank[start - 1] { start -= 1 }
        return start
    }

    private func note(_ place: Int, in closings: inout Closings) {
        switch scalars[place] {
        case "\"": closings.double = max(closings.double, place)
        case "'": closings.single = max(closings.single, place)
        case "}": closings.brace = max(closings.brace, place)
        default: break
        }
    }

    /// Whether a value may end at a place: white space follows up to the end, or up to a pair that leads there.
    private func reachesEnd(_ place: Int, _ leads: [Bool]) -> Bool {
        guard place < end else { return true }
        guard isBlank[place] else { return false }
        return runEnd[place] == end || leads[runEnd[place]]
    }

    private mutating func isPairStart(_ word: Int, _ leads: [Bool], _ closings: Closings) -> Bool {
        values(ofKeyAt: word).contains { value in
            closings.last(for: scalars[value]) >= value + 2 || reachesEnd(runEnd[value], leads)
        }
    }

    /// The places where a value may begin if a key begins at a word, the one with the shortest key first.
    ///
    /// A key may hold equal signs, and white space may stand before the one that ends it, not after.
    private mutating func values(ofKeyAt word: Int) -> [Int] {
        let wordEnd = runEnd[word]
        steps += wordEnd - word
        var places: [Int] = []
        for place in word..<wordEnd where place > word && scalars[place] == "=" && place + 1 < wordEnd {
            places.append(place + 1)
        }
        guard wordEnd < end else { return places }
        let sign = runEnd[wordEnd]
        if sign + 1 < end, scalars[sign] == "=", !isBlank[sign + 1] { places.append(sign + 1) }
        return places
    }

    // MARK: The pairs themselves

    /// Reads the pairs one after the other; text between them that is none is passed over, as in the reference.
    private mutating func pairs(from start: Int) -> [(key: String, value: String)] {
        var found: [(key: String, value: String)] = []
        var word = isBlank[start] ? runEnd[start] : start
        while word < end {
            steps += 1
            guard let value = values(ofKeyAt: word).first else {
                word = nextWord(after: word)
                continue
            }
            let (text, next) = readValue(value)
            found.append((key: key(at: word, before: value), value: text))
            word = nextWord(after: next)
        }
        return found
    }

    /// The first word that begins after a place, with white space before it.
    private func nextWord(after place: Int) -> Int {
        guard place < end else { return end }
        let blank = isBlank[place] ? place : runEnd[place]
        return blank < end ? runEnd[blank] : end
    }

    private func key(at word: Int, before value: Int) -> String {
        var last = value - 1
        while last > word, isBlank[last - 1] { last -= 1 }
        return text(word..<last)
    }

    private mutating func readValue(_ value: Int) -> (text: String, next: Int) {
        let opening = scalars[value]
        let isQuote = opening == "\"" || opening == "'"
        if isQuote, value + 1 < end, scalars[value + 1] == opening { return ("", value + 2) }
        if isQuote || opening == "{", let close = place(of: opening == "{" ? "}" : opening, from: value + 2) {
            return isQuote ? (text((value + 1)..<close), close + 1) : (text(value..<(close + 1)), close + 1)
        }
        return (text(value..<runEnd[value]), runEnd[value])
    }

    private lazy var lastPlaces: [Unicode.Scalar: Int] = {
        var places: [Unicode.Scalar: Int] = [:]
        for (place, scalar) in scalars.enumerated() where scalar == "\"" || scalar == "'" || scalar == "}" {
            places[scalar] = place
        }
        return places
    }()

    private mutating func place(of mark: Unicode.Scalar, from: Int) -> Int? {
        // What is searched is then consumed; a search in vain would not be, so it is not begun.
        guard lastPlaces[mark] ?? -1 >= from else { return nil }
        for place in from..<end {
            steps += 1
            if scalars[place] == mark { return place }
        }
        return nil
    }

    private func text(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        return String(view)
    }

    // MARK: What is left

    /// The text with what follows `start` taken out, there and wherever else it occurs, as the reference does.
    private mutating func textWithout(_ start: Int) -> String {
        let tail = scalars[start...]
        var borders = [Int](repeating: 0, count: tail.count)
        for index in 1..<max(1, tail.count) {
            var border = borders[index - 1]
            while border > 0, tail[start + border] != tail[start + index] {
                border = borders[border - 1]
                steps += 1
            }
            borders[index] = tail[start + border] == tail[start + index] ? border + 1 : border
            steps += 1
        }
        var kept = String.UnicodeScalarView()
        var matched = 0
        var from = 0
        for place in scalars.indices {
            steps += 1
            while matched > 0, tail[start + matched] != scalars[place] {
                matched = borders[matched - 1]
                steps += 1
            }
            if tail[start + matched] == scalars[place] { matched += 1 }
            guard matched == tail.count else { continue }
            kept.append(contentsOf: scalars[from..<(place + 1 - matched)])
            from = place + 1
            matched = 0
        }
        kept.append(contentsOf: scalars[from...])
        return String(kept)
    }
}
