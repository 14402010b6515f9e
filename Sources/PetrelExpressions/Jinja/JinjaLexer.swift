/// Cuts a template into tokens, one at a time, so that what comes first in the text is complained of first.
///
/// Bytes, not characters: all of Jinja's own signs are ASCII.
struct JinjaLexer {
    enum State {
        case root
        case block
        case variable
        case done
    }

    let source: [UInt8]
    private(set) var line = 1
    private var at = 0
    private var state: State
    private var isLineStart = true
    /// Brackets that are open.
    private var brackets: [UInt8] = []
    private var waiting: [JinjaToken] = []

    /// - Parameter isExpression: whether the text is the inside of `{{ }}`.
    init(_ text: String, isExpression: Bool = false) {
        source = Self.normalized(text, keepsLastNewline: isExpression && !text.hasSuffix("\n"))
        state = isExpression ? .variable : .root
    }

    /// Line breaks as `\n`, the last one dropped.
    private static func normalized(_ text: String, keepsLastNewline: Bool) -> [UInt8] {
        var bytes = Array(text.utf8)
        if bytes.contains(0x0D) {
            var out: [UInt8] = []
            out.reserveCapacity(bytes.count)
            for (at, byte) in bytes.enumerated() {
                if byte == 0x0D {
                    out.append(0x0A)
                } else if byte != 0x0A || at == 0 || bytes[at - 1] != 0x0D {
                    out.append(byte)
                }
            }
            bytes = out
        }
        if bytes.last == 0x0A { bytes.removeLast() }
        return bytes
    }

    func fault(_ message: String) -> PythonFault { PythonFault(.templateSyntax, message) }

    /// The next token; `.end` again and again at the end.
    mutating func next() throws(PythonFault) -> JinjaToken {
        while true {
            if !waiting.isEmpty { return waiting.removeFirst() }
            switch state {
            case .root: try scanRoot()
            case .block, .variable:
                if let token = try inside() { return token }
            case .done: return JinjaToken(kind: .end, line: line)
            }
        }
    }

    // MARK: Text outside of tags

    private mutating func scanRoot() throws(PythonFault) {
        guard let mark = nextMark(from: at) else {
            emit(at..<source.count)
            count(at..<source.count)
            at = source.count
            state = .done
            return
        }
        if let raw = rawBegin(at: mark) { return try scanRaw(mark, raw) }
        let isComment = source[mark + 1] == UInt8(ascii: "#")
        let isVariable = source[mark + 1] == UInt8(ascii: "{")
        let (end, sign) = signed(mark + 2)
        emit(stripped(at..<mark, sign, mayStripLine: !isVariable))
        count(at..<end)
        at = end
        isLineStart = false
        // A mark at the very end opens nothing.
        if isComment, at < source.count { return try skipComment() }
        if isComment { return }
        waiting.append(JinjaToken(kind: isVariable ? .variableBegin : .blockBegin, line: line))
        state = isVariable ? .variable : .block
    }

    private func nextMark(from start: Int) -> Int? {
        var at = start
        while at + 1 < source.count {
            if source[at] == UInt8(ascii: "{") {
                let next = source[at + 1]
                if next == UInt8(ascii: "{") || next == UInt8(ascii: "%") || next == UInt8(ascii: "#") { return at }
            }
            at += 1
        }
        return nil
    }

    /// The place after an optional `-` or `+`, and that sign.
    private func signed(_ place: Int) -> (end: Int, sign: UInt8) {
        guard place < source.count, source[place] == UInt8(ascii: "-") || source[place] == UInt8(ascii: "+") else {
            return (place, 0)
        }
        return (place + 1, source[place])
    }

    private mutating func emit(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        waiting.append(JinjaToken(kind: .data, text: String(decoding: source[range], as: UTF8.self), line: line))
    }

    private mutating func count(_ range: Range<Int>) {
        for byte in source[range] where byte == 0x0A { line += 1 }
    }

    /// Text before a tag without the white space that its sign, or the start of the line, takes away.
    private func stripped(_ range: Range<Int>, _ sign: UInt8, mayStripLine: Bool) -> Range<Int> {
        if sign == UInt8(ascii: "-") { return range.lowerBound..<endWithoutBlanks(range) }
        guard sign != UInt8(ascii: "+"), mayStripLine else { return range }
        let lineStart = source[range].lastIndex(of: 0x0A).map { $0 + 1 } ?? range.lowerBound
        guard lineStart > range.lowerBound || isLineStart, lineStart < range.upperBound else { return range }
        let isBlank = endWithoutBlanks(lineStart..<range.upperBound) == lineStart
        return isBlank ? range.lowerBound..<lineStart : range
    }

    private func endWithoutBlanks(_ range: Range<Int>) -> Int {
        var end = range.upperBound
        while end > range.lowerBound {
            var start = end - 1
            while start > range.lowerBound, source[start] & 0xC0 == 0x80 { start -= 1 }
            guard isSpace(scalar(start)) else { return end }
            end = start
        }
        return end
    }

    private func isSpace(_ scalar: Unicode.Scalar?) -> Bool { scalar.map(PythonText.isSpace) ?? false }

    /// The code point at a byte offset.
    private func scalar(_ place: Int) -> Unicode.Scalar? {
        guard place < source.count else { return nil }
        if source[place] < 0x80 { return Unicode.Scalar(source[place]) }
        return String(decoding: source[place..<min(place + 4, source.count)], as: UTF8.self).unicodeScalars.first
    }

    private func skipBlanks(_ place: Int) -> Int {
        var place = place
        while let scalar = scalar(place), PythonText.isSpace(scalar) { place += scalar.utf8.count }
        return place
    }

    private func has(_ text: StaticString, at place: Int) -> Bool {
        guard place + text.utf8CodeUnitCount <= source.count else { return false }
        var at = place
        for scalar in text.description.utf8 {
            if source[at] != scalar { return false }
            at += 1
        }
        return true
    }

    private mutating func skipComment() throws(PythonFault) {
        var end = at
        while end < source.count, !has("#}", at: end) { end += 1 }
        guard end < source.count else { throw fault("Missing end of comment tag") }
        let sign = end > at ? source[end - 1] : 0
        finish(from: at, to: end + 2, sign)
    }

    /// Goes on behind a tag's end, and what its sign takes away there.
    private mutating func finish(from start: Int, to end: Int, _ sign: UInt8) {
        var end = end
        if sign == UInt8(ascii: "-") {
            end = skipBlanks(end)
        } else if sign != UInt8(ascii: "+"), end < source.count, source[end] == 0x0A {
            end += 1
        }
        count(start..<end)
        at = end
        isLineStart = end > 0 && source[end - 1] == 0x0A
    }

    // MARK: Raw text

    /// The place behind `{% raw %}`, if that stands here.
    private func rawBegin(at place: Int) -> (end: Int, sign: UInt8)? {
        guard has("{%", at: place) else { return nil }
        let (afterSign, sign) = signed(place + 2)
        let word = skipBlanks(afterSign)
        guard has("raw", at: word) else { return nil }
        let end = skipBlanks(word + 3)
        if has("-%}", at: end) { return (skipBlanks(end + 3), sign) }
        return has("%}", at: end) ? (end + 2, sign) : nil
    }

    private mutating func scanRaw(_ mark: Int, _ raw: (end: Int, sign: UInt8)) throws(PythonFault) {
        emit(stripped(at..<mark, raw.sign, mayStripLine: true))
        count(at..<raw.end)
        at = raw.end
        isLineStart = source[raw.end - 1] == 0x0A
        if at == source.count { return }
        var place = at
        while place < source.count {
            if has("{%", at: place) {
                let (afterSign, sign) = signed(place + 2)
                let word = skipBlanks(afterSign)
                if has("endraw", at: word) {
                    let end = skipBlanks(word + 6)
                    if let (tail, endSign) = rawEnd(end) {
                        emit(stripped(at..<place, sign, mayStripLine: true))
                        return finish(from: at, to: tail, endSign)
                    }
                }
            }
            place += 1
        }
        throw fault("Missing end of raw directive")
    }

    private func rawEnd(_ place: Int) -> (end: Int, sign: UInt8)? {
        if has("%}", at: place) { return (place + 2, 0) }
        if has("-%}", at: place) { return (place + 3, UInt8(ascii: "-")) }
        return has("+%}", at: place) ? (place + 3, UInt8(ascii: "+")) : nil
    }

    // MARK: Inside of tags

    private mutating func inside() throws(PythonFault) -> JinjaToken? {
        guard at < source.count else {
            state = .done
            return nil
        }
        let byte = source[at]
        if brackets.isEmpty, let end = tagEnd() { return end }
        if isSpace(scalar(at)) {
            let end = skipBlanks(at)
            count(at..<end)
            at = end
            return nil
        }
        if byte >= 0x30, byte <= 0x39 { return number() }
        if let scalar = scalar(at), isWord(scalar) { return try name() }
        if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { return try string(byte) }
        return try sign()
    }

    private mutating func tagEnd() -> JinjaToken? {
        let token = JinjaToken(kind: state == .block ? .blockEnd : .variableEnd, line: line)
        if state == .variable {
            if has("-}}", at: at) {
                finish(from: at, to: at + 3, UInt8(ascii: "-"))
            } else if has("}}", at: at) {
                finish(from: at, to: at + 2, UInt8(ascii: "+"))
            } else {
                return nil
            }
        } else {
            guard let (end, sign) = rawEnd(at) else { return nil }
            finish(from: at, to: end, sign)
        }
        state = .root
        return token
    }

    private func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 {
            return scalar == "_" || scalar.properties.isAlphabetic || (scalar.value >= 0x30 && scalar.value <= 0x39)
        }
        return PythonText.isAlphanumeric(String(scalar)) || scalar.properties.isXIDContinue
    }

    private mutating func name() throws(PythonFault) -> JinjaToken {
        var end = at
        while let scalar = scalar(end), isWord(scalar) { end += scalar.utf8.count }
        let text = String(decoding: source[at..<end], as: UTF8.self)
        at = end
        guard PythonText.isIdentifier(text) else { throw fault("Invalid character in identifier") }
        return JinjaToken(kind: .name, text: text, line: line)
    }

    private mutating func string(_ quote: UInt8) throws(PythonFault) -> JinjaToken {
        var end = at + 1
        while end < source.count, source[end] != quote { end += source[end] == UInt8(ascii: "\\") ? 2 : 1 }
        guard end < source.count else { throw unexpectedCharacter() }
        let raw = source[(at + 1)..<end]
        let token = JinjaToken(kind: .string, text: try JinjaEscapes.text(raw, self), line: line)
        count(at..<end)
        at = end + 1
        return token
    }

    private func unexpectedCharacter() -> PythonFault {
        let place = source[..<at].reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
        let shown = PythonText.quoted(scalar(at).map { String($0) } ?? "")
        return fault("unexpected char \(shown) at \(place)")
    }

    private mutating func sign() throws(PythonFault) -> JinjaToken {
        for width in [2, 1] where at + width <= source.count {
            let text = String(decoding: source[at..<(at + width)], as: UTF8.self)
            guard let kind = JinjaToken.Kind(rawValue: text) else { continue }
            try balance(source[at], width)
            at += width
            return JinjaToken(kind: kind, line: line)
        }
        throw unexpectedCharacter()
    }

    private mutating func balance(_ byte: UInt8, _ width: Int) throws(PythonFault) {
        guard width == 1 else { return }
        switch byte {
        case UInt8(ascii: "("): brackets.append(UInt8(ascii: ")"))
        case UInt8(ascii: "["): brackets.append(UInt8(ascii: "]"))
        case UInt8(ascii: "{"): brackets.append(UInt8(ascii: "}"))
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
            let shown = Character(Unicode.Scalar(byte))
            guard let expected = brackets.popLast() else { throw fault("unexpected '\(shown)'") }
            if expected != byte {
                throw fault("unexpected '\(shown)', expected '\(Character(Unicode.Scalar(expected)))'")
            }
        default: break
        }
    }

    // MARK: Numbers

    private mutating func number() -> JinjaToken {
        let (end, isFloat) = JinjaNumberScanner(source: source, start: at).end
        let text = String(decoding: source[at..<end].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        at = end
        return JinjaToken(kind: isFloat ? .float : .integer, text: text, line: line)
    }
}

/// Finds where a number literal ends.
private struct JinjaNumberScanner {
    let source: [UInt8]
    let start: Int

    /// The end of the longest float or integer that starts here.
    var end: (Int, isFloat: Bool) {
        if let end = floatEnd() { return (end, true) }
        return (integerEnd(), false)
    }

    private func byte(_ at: Int) -> UInt8 { at < source.count ? source[at] : 0 }
    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// The end of digits with single underscores between them; nil without any.
    private func digitsEnd(_ start: Int) -> Int? {
        guard isDigit(byte(start)) else { return nil }
        var at = start
        while isDigit(byte(at)) || byte(at) == UInt8(ascii: "_") && isDigit(byte(at + 1)) { at += 1 }
        return at
    }

    private func floatEnd() -> Int? {
        guard start == 0 || source[start - 1] != UInt8(ascii: "."), let whole = digitsEnd(start) else { return nil }
        let fraction = byte(whole) == UInt8(ascii: ".") ? digitsEnd(whole + 1) : nil
        let mantissa = fraction ?? whole
        if byte(mantissa) | 0x20 == UInt8(ascii: "e") {
            let hasSign = byte(mantissa + 1) == UInt8(ascii: "+") || byte(mantissa + 1) == UInt8(ascii: "-")
            if let end = digitsEnd(mantissa + (hasSign ? 2 : 1)) { return end }
        }
        return fraction
    }

    private func integerEnd() -> Int {
        if byte(start) == 0x30 {
            if let isValid = prefixed(byte(start + 1)), let end = run(start + 2, isValid) { return end }
            return run(start + 1) { $0 == 0x30 } ?? start + 1
        }
        return run(start + 1) { $0 >= 0x30 && $0 <= 0x39 } ?? start + 1
    }

    private func prefixed(_ letter: UInt8) -> ((UInt8) -> Bool)? {
        switch letter | 0x20 {
        case UInt8(ascii: "b"): { $0 == 0x30 || $0 == 0x31 }
        case UInt8(ascii: "o"): { $0 >= 0x30 && $0 <= 0x37 }
        case UInt8(ascii: "x"): { $0 >= 0x30 && $0 <= 0x39 || ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x66 }
        default: nil
        }
    }

    /// The end of such digits, each with one underscore before it at most; nil without any.
    private func run(_ start: Int, _ isValid: (UInt8) -> Bool) -> Int? {
        var at = start
        while true {
            let next = byte(at) == UInt8(ascii: "_") ? at + 1 : at
            guard next < source.count, isValid(source[next]) else { break }
            at = next + 1
        }
        return at > start ? at : nil
    }
}
