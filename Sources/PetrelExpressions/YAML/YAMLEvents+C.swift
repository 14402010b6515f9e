import CLibYAML
import PetrelCore

/// The events of one YAML text, from libyaml.
///
/// Belongs to the thread that reads the document: it is made, used and dropped inside one call of ``YAMLReader``.
final class YAMLEvents {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let file: String

    init(_ bytes: [UInt8], file: String) throws(ExpressionError) {
        parser = .allocate(capacity: 1)
        input = .allocate(capacity: max(1, bytes.count))
        _ = input.initialize(from: bytes)
        self.file = file
        guard yaml_parser_initialize(parser) == 1 else {
            input.deallocate()
            parser.deallocate()
            throw ExpressionError(.badYAML, "no memory to read YAML", isRetryable: true)
        }
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    func next() throws(ExpressionError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        defer { yaml_event_delete(&event) }
        let mark = YAMLMark(line: event.start_mark.line, column: event.start_mark.column)
        return YAMLEvent(kind: kind(event), mark: mark)
    }

    private func kind(_ event: yaml_event_t) -> YAMLEvent.Kind {
        switch event.type {
        case YAML_STREAM_START_EVENT: .streamStart
        case YAML_DOCUMENT_START_EVENT: .documentStart
        case YAML_DOCUMENT_END_EVENT: .documentEnd
        case YAML_ALIAS_EVENT: .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT: scalar(event)
        case YAML_SEQUENCE_START_EVENT:
            .sequenceStart(tag: tag(event.data.sequence_start.tag), anchor: text(event.data.sequence_start.anchor))
        case YAML_SEQUENCE_END_EVENT: .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            .mappingStart(tag: tag(event.data.mapping_start.tag), anchor: text(event.data.mapping_start.anchor))
        case YAML_MAPPING_END_EVENT: .mappingEnd
        default: .streamEnd
        }
    }

    private func scalar(_ event: yaml_event_t) -> YAMLEvent.Kind {
        let scalar = event.data.scalar
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        return .scalar(
            text: String(decoding: bytes, as: UTF8.self), tag: tag(scalar.tag), isPlain: scalar.plain_implicit == 1,
            anchor: text(scalar.anchor))
    }

    /// The tag in full; `!` alone asks for no tag in particular.
    private func tag(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        let tag = text(pointer)
        return tag == "!" ? nil : tag
    }

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func problem() -> ExpressionError {
        let value = parser.pointee
        let said = value.problem.map { String(cString: $0) } ?? "the text is not YAML"
        switch value.error {
        case YAML_MEMORY_ERROR: return ExpressionError(.badYAML, "no memory to read YAML", isRetryable: true)
        case YAML_READER_ERROR:
            let mark = mark(ofByte: Int(value.problem_offset))
            return YAMLProblem.explain(said, at: mark, since: nil, file: file)
        default:
            let mark = YAMLMark(line: value.problem_mark.line, column: value.problem_mark.column)
            let context = YAMLMark(line: value.context_mark.line, column: value.context_mark.column)
            return YAMLProblem.explain(said, at: mark, since: value.context == nil ? nil : context, file: file)
        }
    }

    private func mark(ofByte offset: Int) -> YAMLMark {
        let before = input.prefix(max(0, offset))
        let line = before.count { $0 == 0x0A }
        let lineStart = (before.lastIndex(of: 0x0A) ?? -1) + 1
        // Continuation bytes are no characters of their own.
        return YAMLMark(line: line, column: before[lineStart...].count { $0 & 0xC0 != 0x80 })
    }
}
