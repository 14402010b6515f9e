import CLibYAML
import PetrelCore

/// Writes a value as PyYAML's `safe_dump` does with its C emitter: libyaml's own, in block style, with sorted keys.
///
/// Belongs to the thread that writes: it is made, used and dropped inside one call of ``text(_:indent:allowUnicode:)``.
final class YAMLEmitter {
    private let emitter: UnsafeMutablePointer<yaml_emitter_t>
    private var out: [UInt8] = []

    private static let maxDepth = 512

    /// The text of a value; an indent outside 2…9 counts as 2.
    static func text(_ value: Value, indent: Int, allowUnicode: Bool) throws(ExpressionError) -> String {
        let emitter = try YAMLEmitter(indent: Int32(clamping: indent), allowUnicode: allowUnicode)
        do throws(Fault) {
            try emitter.emit { yaml_stream_start_event_initialize($0, YAML_UTF8_ENCODING) }
            try emitter.emit { yaml_document_start_event_initialize($0, nil, nil, nil, 1) }
            try emitter.write(value, depth: 0)
            try emitter.emit { yaml_document_end_event_initialize($0, 1) }
            try emitter.emit(yaml_stream_end_event_initialize)
        } catch { throw problem(error) }
        return String(decoding: emitter.out, as: UTF8.self)
    }

    private init(indent: Int32, allowUnicode: Bool) throws(ExpressionError) {
        emitter = .allocate(capacity: 1)
        guard yaml_emitter_initialize(emitter) == 1 else {
            emitter.deallocate()
            throw ExpressionError(.tooComplex, "no memory to write YAML", isRetryable: true)
        }
        yaml_emitter_set_indent(emitter, indent)
        yaml_emitter_set_unicode(emitter, allowUnicode ? 1 : 0)
        let handler: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, Int) -> Int32 = {
            owner, bytes, count in
            guard let owner, let bytes else { return 0 }
            let emitter = Unmanaged<YAMLEmitter>.fromOpaque(owner).takeUnretainedValue()
            guard emitter.out.count + count <= StackStormFunctions.maxTreeBytes else { return 0 }
            emitter.out.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
            return 1
        }
        yaml_emitter_set_output(emitter, handler, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        yaml_emitter_delete(emitter)
        emitter.deallocate()
    }

    private enum Fault: Error {
        case tooLarge, tooDeep
    }

    private static func problem(_ fault: Fault) -> ExpressionError {
        switch fault {
        case .tooLarge:
            ExpressionError(
                .tooComplex, "The text takes more than \(StackStormFunctions.maxTreeBytes) bytes or memory runs out")
        case .tooDeep:
            ExpressionError(.tooComplex, "The value is nested deeper than \(maxDepth) levels")
        }
    }

    private func emit(_ make: (UnsafeMutablePointer<yaml_event_t>) -> Int32) throws(Fault) {
        var event = yaml_event_t()
        guard make(&event) == 1, yaml_emitter_emit(emitter, &event) == 1 else { throw .tooLarge }
    }

    private func write(_ value: Value, depth: Int) throws(Fault) {
        switch value {
        case .array(let items): try write(items, depth: depth + 1)
        case .object(let members): try write(members, depth: depth + 1)
        default: try write(scalar: value)
        }
    }

    private func write(_ items: [Value], depth: Int) throws(Fault) {
        guard depth <= Self.maxDepth else { throw .tooDeep }
        try emit { yaml_sequence_start_event_initialize($0, nil, nil, 1, YAML_BLOCK_SEQUENCE_STYLE) }
        for index in items.indices { try write(items[index], depth: depth) }
        try emit(yaml_sequence_end_event_initialize)
    }

    private func write(_ members: ValueObject, depth: Int) throws(Fault) {
        guard depth <= Self.maxDepth else { throw .tooDeep }
        try emit { yaml_mapping_start_event_initialize($0, nil, nil, 1, YAML_BLOCK_MAPPING_STYLE) }
        let keys = members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for index in keys.indices {
            try string(keys[index])
            // The key is one of the object's own.
            try write(members[keys[index]] ?? .null, depth: depth)
        }
        try emit(yaml_mapping_end_event_initialize)
    }

    private func write(scalar value: Value) throws(Fault) {
        switch value {
        case .bool(let truth): try scalar(truth ? "true" : "false")
        case .integer(let number): try scalar(String(number))
        case .bigInteger(let digits): try scalar(digits)
        case .double(let number): try scalar(Self.text(of: number))
        case .string(let text): try string(text)
        case .null, .array, .object: try scalar("null")
        }
    }

    /// Text that would be read as something else must not stand without quotes.
    private func string(_ text: String) throws(Fault) {
        let isPlain = YAMLScalar.type(of: text) == .str
        try scalar(text, isPlain: isPlain, isQuoted: true)
    }

    private func scalar(_ text: String, isPlain: Bool = true, isQuoted: Bool = false) throws(Fault) {
        var text = text
        try emit { event in
            text.withUTF8 { buffer in
                withUnsafePointer(to: UInt8(0)) { nothing in
                    yaml_scalar_event_initialize(
                        event, nil, nil, buffer.baseAddress ?? nothing, Int32(clamping: buffer.count), isPlain ? 1 : 0,
                        isQuoted ? 1 : 0, YAML_PLAIN_SCALAR_STYLE)
                }
            }
        }
    }

    private static func text(of number: Double) -> String {
        if number.isNaN { return ".nan" }
        if number.isInfinite { return number < 0 ? "-.inf" : ".inf" }
        let text = number.description
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "e")), !text.utf8.contains(UInt8(ascii: ".")) else {
            return text
        }
        // YAML 1.1 knows a float by its dot.
        return text[..<mark] + ".0" + text[mark...]
    }
}
