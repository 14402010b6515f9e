import CPCRE2
import PetrelCore
import Synchronization

/// A compiled PCRE2 pattern.
///
/// Any thread may match with it: the code is read-only once built, and all that matching writes to is made per call.
final class PatternProgram: @unchecked Sendable {
    /// The code without the counting.
    let plainCode: OpaquePointer
    private let nodes: [PatternNode]
    private let flags: UInt32
    /// The same pattern with points at which its work is counted, as an address; made when first needed, 0 until then.
    private let counted = Mutex<UInt>(0)

    /// Flags of pcre2.h, spelled out because Swift does not import casts in macros.
    private enum Flag {
        static let utf = UInt32(0x0008_0000)
        static let properties = UInt32(0x0002_0000)
        static let caseless = UInt32(0x0000_0008)
        static let dotAll = UInt32(0x0000_0020)
        static let multiline = UInt32(0x0000_0400)
        static let noStartOptimization = UInt32(0x0001_0000)
        static let alternativeCircumflex = UInt32(0x0020_0000)
        static let neverBackslashC = UInt32(0x0010_0000)
        static let jitComplete = UInt32(1)
    }

    init(_ nodes: [PatternNode], options: Pattern.Options, shown: String) throws(ExpressionError) {
        var flags = Flag.utf | Flag.properties | Flag.alternativeCircumflex | Flag.neverBackslashC
        if options.contains(.ignoresCase) { flags |= Flag.caseless }
        if options.contains(.dotMatchesNewline) { flags |= Flag.dotAll }
        if options.contains(.anchorsMatchLines) { flags |= Flag.multiline }
        // PCRE2 10.42 takes `(?=b)\d*b` to need two b's: a look-ahead's character counts as first and as required.
        if PatternNode.hasLookahead(nodes) { flags |= Flag.noStartOptimization }
        plainCode = try Self.compile(PatternEmitter.text(nodes), flags, shown: shown)
        self.nodes = nodes
        self.flags = flags
    }

    deinit {
        pcre2_code_free_8(plainCode)
        // Freeing no code at all is allowed.
        pcre2_code_free_8(OpaquePointer(bitPattern: counted.withLock { $0 }))
    }

    private static func compile(
        _ text: String, _ flags: UInt32, shown: String
    ) throws(ExpressionError) -> OpaquePointer {
        guard let context = pcre2_compile_context_create_8(nil) else { throw PatternFailure.outOfMemory }
        defer { pcre2_compile_context_free_8(context) }
        pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
        pcre2_set_parens_nest_limit_8(context, 1_000)
        var error: Int32 = 0
        var offset = 0
        let source = Array(text.utf8)
        guard let code = pcre2_compile_8(source, source.count, flags, &error, &offset, context) else {
            throw PatternFailure.compiling(error, shown: shown)
        }
        // Where no machine code can be made, the interpreter does the same more slowly.
        _ = pcre2_jit_compile_8(code, Flag.jitComplete)
        return code
    }

    /// Hands over each place where the pattern fits, without overlaps, until the answer is false.
    ///
    /// The work of all places together is bounded: see ``PatternBudget``.
    func forEachMatch(
        in subject: String, from: Int, stepsOfMatch: Int, paidBy budget: EvaluationBudget?,
        _ body: (PatternPlace) -> Bool
    ) throws(ExpressionError) {
        guard let data = pcre2_match_data_create_from_pattern_8(plainCode, nil),
            let context = pcre2_match_context_create_8(nil)
        else { throw PatternFailure.outOfMemory }
        defer {
            pcre2_match_data_free_8(data)
            pcre2_match_context_free_8(context)
        }
        var subject = subject
        var used = 0
        let status = subject.withUTF8 { buffer -> Int32 in
            // An empty buffer may have no address, which PCRE2 takes for a mistake.
            withUnsafePointer(to: UInt8(0)) { nothing in
                let text = UnsafeBufferPointer(start: buffer.baseAddress ?? nothing, count: buffer.count)
                var account = PatternAccount()
                return withUnsafeMutablePointer(to: &account) { account in
                    var search = PatternSearch(
                        text: text, data: data, context: context, account: account, program: self,
                        stepsOfMatch: stepsOfMatch)
                    search.counts = budget != nil || text.count > PatternBudget.shortText
                    defer { used = account.pointee.used }
                    return search.run(from: from, body)
                }
            }
        }
        try budget?.step(used / PatternBudget.countedStepsPerStep)
        guard status >= 0 || status == PCRE2_ERROR_NOMATCH else { throw PatternFailure.matching(status) }
    }

    /// The code that counts; nil when it can't be made.
    func countedCode() -> OpaquePointer? {
        counted.withLock { address in
            if address == 0 {
                let text = PatternEmitter.text(nodes, counts: true)
                if let code = try? Self.compile(text, flags, shown: "") { address = UInt(bitPattern: code) }
            }
            return OpaquePointer(bitPattern: address)
        }
    }
}

/// One search through a text, for one place or all; belongs to the thread that searches.
private struct PatternSearch {
    let text: UnsafeBufferPointer<UInt8>
    let data: OpaquePointer
    let context: OpaquePointer
    let account: UnsafeMutablePointer<PatternAccount>
    let program: PatternProgram
    /// What each place that is found costs, besides the way to it.
    let stepsOfMatch: Int
    /// Whether the steps of PCRE2 alone no longer bound the work.
    var counts = false

    private static let noUTFCheck = UInt32(0x4000_0000)
    private static let notEmptyAtStart = UInt32(0x0000_0008)
    private static let noJIT = UInt32(0x0000_2000)

    /// Searches on from an offset; the answer is PCRE2's last.
    mutating func run(from: Int, _ body: (PatternPlace) -> Bool) -> Int32 {
        pcre2_set_depth_limit_8(context, PatternBudget.depth)
        pcre2_set_heap_limit_8(context, PatternBudget.heapKibibytes)
        pcre2_set_match_limit_8(context, PatternBudget.stepsOfPlace(in: text.count))
        var start = aligned(from)
        var mayBeEmpty = true
        while true {
            let status = next(from: start, mayBeEmpty: mayBeEmpty)
            guard status >= 0 else { return status }
            guard account.pointee.charge(matchOf: stepsOfMatch) else { return PCRE2_ERROR_MATCHLIMIT }
            let place = PatternPlace(data)
            guard body(place), place.range.upperBound <= text.count else { return status }
            start = place.range.upperBound
            // Python may find an empty match where a longer one ended, but not two at one place.
            mayBeEmpty = !place.range.isEmpty
        }
    }

    private mutating func next(from start: Int, mayBeEmpty: Bool) -> Int32 {
        if !counts {
            let status = call(program.plainCode, from: start, mayBeEmpty: mayBeEmpty)
            guard status == PCRE2_ERROR_MATCHLIMIT else { return status }
            counts = true
        }
        guard let code = program.countedCode() else { return PCRE2_ERROR_MATCHLIMIT }
        pcre2_set_match_limit_8(context, PatternBudget.countedStepsOfPlace)
        account.pointee.base = start
        pcre2_set_callout_8(context, { block, account in PatternAccount.charge(block, account) }, account)
        return call(code, from: start, mayBeEmpty: mayBeEmpty)
    }

    private func call(_ code: OpaquePointer, from start: Int, mayBeEmpty: Bool) -> Int32 {
        guard let address = text.baseAddress else { return PCRE2_ERROR_NOMATCH }
        let flags = Self.noUTFCheck | (mayBeEmpty ? 0 : Self.notEmptyAtStart)
        let status = pcre2_match_8(code, address, text.count, start, flags, data, context)
        // The machine code has a small stack of its own; the interpreter has the heap.
        guard status == PCRE2_ERROR_JIT_STACKLIMIT else { return status }
        return pcre2_match_8(code, address, text.count, start, flags | Self.noJIT, data, context)
    }

    /// The offset, moved back to the start of the character that it stands in.
    private func aligned(_ offset: Int) -> Int {
        var offset = max(0, min(offset, text.count))
        while offset > 0, offset < text.count, text[offset] & 0xC0 == 0x80 { offset -= 1 }
        return offset
    }
}

/// A place that was found; valid until the search goes on, in the thread that searches.
struct PatternPlace {
    private let data: OpaquePointer
    /// Where the whole match stands.
    let range: Range<Int>

    fileprivate init(_ data: OpaquePointer) {
        self.data = data
        range = Self.range(data, 0) ?? 0..<0
    }

    /// The ranges of the whole match and of each group; nil for a group that took no part.
    var ranges: [Range<Int>?] {
        (0..<Int(pcre2_get_ovector_count_8(data))).map { group in Self.range(data, group) }
    }

    private static func range(_ data: OpaquePointer, _ group: Int) -> Range<Int>? {
        guard let vector = pcre2_get_ovector_pointer_8(data) else { return nil }
        let start = vector[group * 2]
        let end = vector[group * 2 + 1]
        // A group that took no part has all bits set, at both ends.
        return start > end || start > Int.max / 2 || start < 0 ? nil : start..<end
    }
}

/// What a search has used up of its budget; belongs to the thread that searches.
private struct PatternAccount {
    /// Where the last call of PCRE2 began.
    var base = 0
    private(set) var used = 0
    private var start = 0
    private var position = 0

    /// Called by PCRE2 at each point that ``PatternEmitter`` has set.
    ///
    /// A point costs a step, and what was read to come there a step for some bytes. Fields are read one by one: a copy of
    /// the whole block would cost more than the rest.
    static func charge(
        _ block: UnsafeMutablePointer<pcre2_callout_block_8>?, _ account: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let block, let account = account?.assumingMemoryBound(to: PatternAccount.self) else {
            return PCRE2_ERROR_MATCHLIMIT
        }
        return account.pointee.charge(block) ? 0 : PCRE2_ERROR_MATCHLIMIT
    }

    @inline(__always)
    private mutating func charge(_ block: UnsafeMutablePointer<pcre2_callout_block_8>) -> Bool {
        let begun = block.pointee.start_match
        if begun != start {
            used &+= distance(begun, max(start, base)) / PatternBudget.bytesSkippedPerStep
            start = begun
            position = begun
        }
        let current = block.pointee.current_position
        var bytes = distance(current, position)
        position = current
        switch block.pointee.callout_number {
        case PatternEmitter.pointOfReference: bytes &+= captured(block)
        case PatternEmitter.pointOfTables: bytes &*= PatternBudget.timesLookedUp
        default: break
        }
        used &+= 1 &+ bytes / PatternBudget.bytesReadPerStep
        return used <= PatternBudget.countedSteps
    }

    /// A reference compares as much as its group holds, and no group holds more than all of them.
    private func captured(_ block: UnsafeMutablePointer<pcre2_callout_block_8>) -> Int {
        guard let vector = block.pointee.offset_vector else { return 0 }
        var bytes = 0
        for group in 1..<max(1, Int(block.pointee.capture_top))
        where vector[group * 2 + 1] <= block.pointee.subject_length {
            bytes += abs(vector[group * 2 + 1] - vector[group * 2])
        }
        return bytes
    }

    /// Counts a place that was found; false when that was one too many.
    mutating func charge(matchOf steps: Int) -> Bool {
        used += steps
        return used <= PatternBudget.countedSteps
    }

    @inline(__always)
    private func distance(_ one: Int, _ other: Int) -> Int { one > other ? one &- other : other &- one }
}

/// What PCRE2's numbers mean to a user.
private enum PatternFailure {
    static func compiling(_ status: Int32, shown: String) -> ExpressionError {
        let isTooLarge = status == PCRE2_ERROR_PATTERN_TOO_LARGE || status == PCRE2_ERROR_HEAP_FAILED
        return ExpressionError(
            isTooLarge ? .tooComplex : .badPattern, "\(message(status)) in the pattern \(shown)",
            hint: "Simplify the pattern")
    }

    static func matching(_ status: Int32) -> ExpressionError {
        switch status {
        case PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_DEPTHLIMIT, PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_JIT_STACKLIMIT,
            PCRE2_ERROR_NOMEMORY:
            ExpressionError(
                .tooComplex, "matching took more steps than allowed",
                hint: "Avoid a repetition inside a repetition, and several open-ended parts in a row")
        default: ExpressionError(.badPattern, "matching failed: \(message(status))")
        }
    }

    static var outOfMemory: ExpressionError {
        ExpressionError(.tooComplex, "no memory for a pattern", isRetryable: true)
    }

    private static func message(_ code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(code, &buffer, buffer.count)
        return length < 0 ? "error \(code)" : String(decoding: buffer.prefix(Int(length)), as: UTF8.self)
    }
}
