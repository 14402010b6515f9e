import CPCRE2
import PetrelCore
import Synchronization

/// A compiled PCRE2 pattern.
///
/// Any thread may match with it: the code is read-only once built, and all that matching writes to is made per call.
final class PatternProgram: @unchecked Sendable {
    private let code: OpaquePointer
    private let source: [UInt8]
    private let flags: UInt32
    private let isAnchored: Bool
    private let hasReference: Bool
    /// The same pattern for one place only, as an address; made when first needed, 0 until then.
    private let pinned = Mutex<UInt>(0)

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
        static let anchored = UInt32(0x8000_0000)
        static let noUTFCheck = UInt32(0x4000_0000)
        static let notEmptyAtStart = UInt32(0x0000_0008)
        static let noJIT = UInt32(0x0000_2000)
        static let jitComplete = UInt32(1)
    }

    init(_ nodes: [PatternNode], options: Pattern.Options, shown: String) throws(ExpressionError) {
        var flags = Flag.utf | Flag.properties | Flag.alternativeCircumflex | Flag.neverBackslashC
        if options.contains(.ignoresCase) { flags |= Flag.caseless }
        if options.contains(.dotMatchesNewline) { flags |= Flag.dotAll }
        if options.contains(.anchorsMatchLines) { flags |= Flag.multiline }
        // PCRE2 10.42 takes `(?=b)\d*b` to need two b's: a look-ahead's character counts as first and as required.
        if PatternNode.hasLookahead(nodes) { flags |= Flag.noStartOptimization }
        let source = Array(PatternEmitter.text(nodes).utf8)
        let code = try Self.compile(source, flags, shown: shown)
        var allFlags: UInt32 = 0
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_ALLOPTIONS), &allFlags)
        self.code = code
        self.source = source
        self.flags = flags
        isAnchored = allFlags & Flag.anchored != 0
        hasReference = PatternNode.hasReference(nodes)
    }

    deinit {
        pcre2_code_free_8(code)
        // Freeing no code at all is allowed.
        pcre2_code_free_8(OpaquePointer(bitPattern: pinned.withLock { $0 }))
    }

    private static func compile(
        _ source: [UInt8], _ flags: UInt32, shown: String
    ) throws(ExpressionError) -> OpaquePointer {
        guard let context = pcre2_compile_context_create_8(nil) else { throw outOfMemory() }
        defer { pcre2_compile_context_free_8(context) }
        pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
        pcre2_set_parens_nest_limit_8(context, 1_000)
        var error: Int32 = 0
        var offset = 0
        guard let code = pcre2_compile_8(source, source.count, flags, &error, &offset, context) else {
            let isTooLarge = error == PCRE2_ERROR_PATTERN_TOO_LARGE || error == PCRE2_ERROR_HEAP_FAILED
            throw ExpressionError(
                isTooLarge ? .tooComplex : .badPattern, "\(message(error)) in the pattern \(shown)",
                hint: "Simplify the pattern")
        }
        // Where no machine code can be made, the interpreter does the same more slowly.
        _ = pcre2_jit_compile_8(code, Flag.jitComplete)
        return code
    }

    /// The ranges of the whole match and of each group, or nil.
    func match(_ subject: String, from: Int, mayBeEmpty: Bool) throws(ExpressionError) -> [Range<Int>?]? {
        var subject = subject
        guard let data = pcre2_match_data_create_from_pattern_8(code, nil),
            let context = pcre2_match_context_create_8(nil)
        else { throw Self.outOfMemory() }
        defer {
            pcre2_match_data_free_8(data)
            pcre2_match_context_free_8(context)
        }
        pcre2_set_depth_limit_8(context, PatternBudget.depth)
        pcre2_set_heap_limit_8(context, PatternBudget.heapKibibytes)
        let status = subject.withUTF8 { buffer -> Int32 in
            // An empty buffer may have no address, which PCRE2 takes for a mistake.
            withUnsafePointer(to: UInt8(0)) { nothing in
                let start = Self.aligned(from, in: buffer)
                let call = Call(
                    text: buffer.baseAddress ?? nothing, count: buffer.count, data: data, context: context)
                return search(call, from: start, mayBeEmpty: mayBeEmpty)
            }
        }
        if status == PCRE2_ERROR_NOMATCH { return nil }
        guard status >= 0 else { throw Self.failure(status) }
        return Self.ranges(of: data)
    }

    /// What one call of `match` hands to PCRE2.
    private struct Call {
        var text: UnsafePointer<UInt8>
        var count: Int
        var data: OpaquePointer
        var context: OpaquePointer

        func run(_ code: OpaquePointer, from start: Int, mayBeEmpty: Bool, steps: Int) -> Int32 {
            pcre2_set_match_limit_8(context, UInt32(clamping: steps))
            let flags = Flag.noUTFCheck | (mayBeEmpty ? 0 : Flag.notEmptyAtStart)
            let status = pcre2_match_8(code, text, count, start, flags, data, context)
            // The machine code has a small stack of its own; the interpreter has the heap.
            guard status == PCRE2_ERROR_JIT_STACKLIMIT else { return status }
            return pcre2_match_8(code, text, count, start, flags | Flag.noJIT, data, context)
        }
    }

    /// Searches within a budget for all places together: PCRE2 counts steps anew at each place of the subject.
    ///
    /// A first pass allows few steps at each place, which is enough for nearly all. When it was not, each place is tried
    /// by itself, and a bounded number of them may take as long as a match may.
    private func search(_ call: Call, from start: Int, mayBeEmpty: Bool) -> Int32 {
        let budget = PatternBudget(places: call.count - start + 1, isAnchored: isAnchored, hasReference: hasReference)
        let status = call.run(code, from: start, mayBeEmpty: mayBeEmpty, steps: budget.stepsOfPlace)
        guard status == PCRE2_ERROR_MATCHLIMIT, budget.stepsOfPlace < budget.steps, let pinned = pinnedCode() else {
            return status
        }
        var costlyPlaces = 0
        for place in start...call.count where place == call.count || call.text[place] & 0xC0 != 0x80 {
            let mayBeEmpty = mayBeEmpty || place > start
            var status = call.run(pinned, from: place, mayBeEmpty: mayBeEmpty, steps: budget.stepsOfPlace)
            if status == PCRE2_ERROR_MATCHLIMIT, costlyPlaces < PatternBudget.costlyPlaces {
                costlyPlaces += 1
                status = call.run(pinned, from: place, mayBeEmpty: mayBeEmpty, steps: budget.steps)
            }
            if status != PCRE2_ERROR_NOMATCH { return status }
        }
        return PCRE2_ERROR_NOMATCH
    }

    private func pinnedCode() -> OpaquePointer? {
        pinned.withLock { address in
            if address == 0, let code = try? Self.compile(source, flags | Flag.anchored, shown: "") {
                address = UInt(bitPattern: code)
            }
            return OpaquePointer(bitPattern: address)
        }
    }

    private static func ranges(of data: OpaquePointer) -> [Range<Int>?] {
        guard let vector = pcre2_get_ovector_pointer_8(data) else { return [] }
        return (0..<Int(pcre2_get_ovector_count_8(data))).map { group in
            let start = vector[group * 2]
            let end = vector[group * 2 + 1]
            // A group that took no part has all bits set, at both ends.
            return start > end || start > Int.max / 2 || start < 0 ? nil : start..<end
        }
    }

    /// The offset, moved back to the start of the character that it stands in.
    private static func aligned(_ offset: Int, in buffer: UnsafeBufferPointer<UInt8>) -> Int {
        var offset = max(0, min(offset, buffer.count))
        while offset > 0, offset < buffer.count, buffer[offset] & 0xC0 == 0x80 { offset -= 1 }
        return offset
    }

    private static func failure(_ status: Int32) -> ExpressionError {
        switch status {
        case PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_DEPTHLIMIT, PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_JIT_STACKLIMIT,
            PCRE2_ERROR_NOMEMORY:
            ExpressionError(
                .tooComplex, "matching took more steps than allowed",
                hint: "Avoid a repetition inside a repetition, and several open-ended parts in a row")
        default: ExpressionError(.badPattern, "matching failed: \(message(status))")
        }
    }

    private static func outOfMemory() -> ExpressionError {
        ExpressionError(.tooComplex, "no memory for a pattern", isRetryable: true)
    }

    private static func message(_ code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(code, &buffer, buffer.count)
        return length < 0 ? "error \(code)" : String(decoding: buffer.prefix(Int(length)), as: UTF8.self)
    }
}
