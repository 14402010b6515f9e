/// A place in a YAML text: line and column from 0, the column in characters.
struct YAMLMark: Hashable {
    var line: Int
    var column: Int
}

/// What libyaml found next in the text.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        /// A scalar; `isPlain` says that its type is told by its text.
        case scalar(text: String, tag: String?, isPlain: Bool, anchor: String?)
        case sequenceStart(tag: String?, anchor: String?)
        case sequenceEnd
        case mappingStart(tag: String?, anchor: String?)
        case mappingEnd
    }

    var kind: Kind
    var mark: YAMLMark
}
