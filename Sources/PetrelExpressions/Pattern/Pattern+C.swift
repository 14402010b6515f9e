import CPCRE2
import PetrelCore

/// A compiled PCRE2 pattern.
///
/// Any thread may match with it: the code and the contexts are read-only once built, match data is made per call.
final class PatternProgram: @unchecked Sendable {
    private let code: OpaquePointer
    private let context: OpaquePointer
    private let slowContext: OpaquePointer
    private let isAnchored: Bool

    /// Steps of one attempt at one place of the subject.
    private static let stepLimit = 200_000
    /// Steps of all attempts together; PCRE2 starts to count anew at each place.
    private static let totalSteps = 20_000_000
    private static let depthLimit: UInt32 = 50_000
    private static let heapKibibytes: UInt32 = 16_384

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

    static func compile(
        _ nodes: [PatternNode], options: Pattern.Options, shown: String
    ) throws(ExpressionError) -> PatternProgram {
        guard let compileContext = pcre2_compile_context_create_8(nil) else { throw outOfMemory() }
        defer { pcre2_compile_context_free_8(compileContext) }
        pcre2_set_newline_8(compileContext, UInt32(PCRE2_NEWLINE_LF))
        pcre2_set_parens_nest_limit_8(compileContext, 1_000)
        var flags = Flag.utf | Flag.properties | Flag.alternativeCircumflex | Flag.neverBackslashC
        if options.contains(.ignoresCase) { flags |= Flag.caseless }
        if options.contains(.dotMatchesNewline) { flags |= Flag.dotAll }
        if options.contains(.anchorsMatchLines) { flags |= Flag.multiline }
        // PCRE2 10.42 takes `(?=b)\d*b` to need two b's: a look-ahead's character counts as first and as required.
        if PatternNode.hasLookahead(nodes) { flags |= Flag.noStartOptimization }
        var error: Int32 = 0
        var offset = 0
        let bytes = Array(PatternEmitter.text(nodes).utf8)
        guard let code = pcre2_compile_8(bytes, bytes.count, flags, &error, &offset, compileContext) else {
            throw ExpressionError(
                error == 120 ? .tooComplex : .badPattern, "\(message(error)) in the pattern \(shown)",
                hint: "Simplify the pattern")
        }
        // Where no machine code can be made, the interpreter does the same more slowly.
        _ = pcre2_jit_compile_8(code, Flag.jitComplete)
        guard let fast = matchContext(), let slow = matchContext() else {
            pcre2_code_free_8(code)
            throw outOfMemory()
        }
        return PatternProgram(code: code, context: fast, slowContext: slow)
    }

    private static func matchContext() -> OpaquePointer? {
        guard let context = pcre2_match_context_create_8(nil) else { return nil }
        pcre2_set_depth_limit_8(context, depthLimit)
        pcre2_set_heap_limit_8(context, heapKibibytes)
        return context
    }

    private init(code: OpaquePointer, context: OpaquePointer, slowContext: OpaquePointer) {
        self.code = code
        self.context = context
        self.slowContext = slowContext
        var flags: UInt32 = 0
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_ALLOPTIONS), &flags)
        isAnchored = flags & Flag.anchored != 0
        pcre2_set_match_limit_8(context, UInt32(Self.stepLimit))
    }

    deinit {
        pcre2_code_free_8(code)
        pcre2_match_context_free_8(context)
        pcre2_match_context_free_8(slowContext)
    }

    /// The ranges of the whole match and of each group, or nil.
    func match(_ subject: String, from: Int, mayBeEmpty: Bool) throws(ExpressionError) -> [Range<Int>?]? {
        var subject = subject
        guard let data = pcre2_match_data_create_from_pattern_8(code, nil) else { throw Self.outOfMemory() }
        defer { pcre2_match_data_free_8(data) }
        let flags = Flag.noUTFCheck | (mayBeEmpty ? 0 : Flag.notEmptyAtStart)
        let status = subject.withUTF8 { buffer -> Int32 in
            let start = Self.aligned(from, in: buffer)
            // An empty buffer may have no address, which PCRE2 takes for a mistake.
            var nothing: UInt8 = 0
            return withUnsafePointer(to: &nothing) { stand in
                let text = buffer.baseAddress ?? stand
                let status = pcre2_match_8(code, text, buffer.count, start, flags, data, context)
                // The machine code has a small stack of its own; the interpreter has the heap.
                guard status == PCRE2_ERROR_JIT_STACKLIMIT else { return status }
                return pcre2_match_8(code, text, buffer.count, start, flags | Flag.noJIT, data, context)
            }
        }
        if status == PCRE2_ERROR_NOMATCH { return nil }
        guard status >= 0 else { throw Self.failure(status) }
        return Self.ranges(of: data)
    }

    private static func ranges(of data: OpaquePointer) -> [Range<Int>?] {
        guard let vector = pcre2_get_ovector_pointer_8(data) else { return [] }
        return (0..<Int(pcre2_get_ovector_count_8(data))).map { group in
            let start = vector[group * 2]
            let end = vector[group * 2 + 1]
            // An unset group has -1, all bits set. A look-behind's \K could reverse the ends, but Python has no \K.
            return start == Int(bitPattern: UInt.max) || start > end ? nil : start..<end
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
        case PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_DEPTHLIMIT, PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_JIT_STACKLIMIT:
            ExpressionError(
                .tooComplex, "matching took more steps than allowed",
                hint: "Simplify the pattern: avoid a repetition inside a repetition, and several open-ended parts in a row")
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
