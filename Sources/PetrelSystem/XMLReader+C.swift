import CExpat
public import PetrelCore

/// Reads XML by expat.
///
/// A document type, a processing instruction or a comment is refused, as XMPP wants it: so there are no entities but
/// XML's five, and nothing is ever fetched.
public enum XMLReader {
    /// The element that a text is.
    /// - Throws: `badFrame` when it is none or holds what is refused, `tooLarge` over the limits.
    public static func element(_ text: String, limits: Limits) throws(SystemError) -> XMLElement {
        guard text.utf8.count <= limits.maxBytes, text.utf8.count <= Int(Int32.max) else {
            throw SystemError(.tooLarge, "XML of \(text.utf8.count) bytes; \(limits.maxBytes) are allowed")
        }
        guard let parser = XML_ParserCreateNS("UTF-8", XML_Char(XMLBuilder.separator)) else {
            throw SystemError(.crowded, "there is no memory for an XML parser")
        }
        defer { XML_ParserFree(parser) }
        let builder = XMLBuilder(parser, limits)
        let status = withExtendedLifetime(builder) {
            builder.listen()
            return Array(text.utf8).withUnsafeBytes { bytes in
                XML_Parse(parser, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), 1)
            }
        }
        if let problem = builder.problem { throw problem }
        guard status == XML_STATUS_OK, let element = builder.root else {
            let reason = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "no element"
            throw SystemError(.badFrame, "XML can't be read: \(reason)")
        }
        return element
    }
}

/// Builds the element while expat reads; belongs to the thread of the one call that made it.
private final class XMLBuilder {
    /// Stands between namespace and name in what expat reports; neither can hold it.
    static let separator: UInt8 = 0x0A

    private let parser: XML_Parser
    private let limits: Limits
    private var open: [XMLElement] = []
    private var count = 0
    private(set) var root: XMLElement?
    private(set) var problem: SystemError?

    init(_ parser: XML_Parser, _ limits: Limits) {
        self.parser = parser
        self.limits = limits
    }

    /// The caller keeps the builder alive while the parser reads.
    func listen() {
        XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        XML_SetElementHandler(
            parser, { user, name, attributes in XMLBuilder.of(user)?.begin(name, attributes) },
            { user, _ in XMLBuilder.of(user)?.end() })
        XML_SetCharacterDataHandler(parser) { user, text, length in XMLBuilder.of(user)?.add(text, length) }
        XML_SetStartDoctypeDeclHandler(parser) { user, _, _, _, _ in XMLBuilder.of(user)?.refuse("a document type") }
        XML_SetProcessingInstructionHandler(parser) { user, _, _ in XMLBuilder.of(user)?.refuse("an instruction") }
        XML_SetCommentHandler(parser) { user, _ in XMLBuilder.of(user)?.refuse("a comment") }
    }

    private static func of(_ user: UnsafeMutableRawPointer?) -> XMLBuilder? {
        user.map { Unmanaged<XMLBuilder>.fromOpaque($0).takeUnretainedValue() }
    }

    private func stop(_ problem: SystemError) {
        self.problem = self.problem ?? problem
        XML_StopParser(parser, XML_Bool(XML_FALSE))
    }

    private func refuse(_ what: String) { stop(SystemError(.badFrame, "XML with \(what) is not read")) }

    private func begin(
        _ name: UnsafePointer<XML_Char>?, _ attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?
    ) {
        guard problem == nil, let name else { return }
        count += 1
        guard open.count < limits.maxDepth, count <= limits.maxNodes else {
            return stop(
                SystemError(
                    .tooLarge, "XML with more than \(limits.maxNodes) elements or \(limits.maxDepth) within each other")
            )
        }
        let (namespace, local) = Self.parts(name)
        var element = XMLElement(local, namespace)
        var index = 0
        while let key = attributes?[index], let value = attributes?[index + 1] {
            let (space, local) = Self.parts(key)
            if space.isEmpty { element.attributes[local] = String(cString: value) }
            index += 2
        }
        open.append(element)
    }

    private func end() {
        guard problem == nil, let element = open.popLast() else { return }
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(.element(element)) }
    }

    private func add(_ text: UnsafePointer<XML_Char>?, _ length: Int32) {
        guard problem == nil, let text, !open.isEmpty else { return }
        let bytes = UnsafeRawBufferPointer(start: text, count: Int(length))
        let part = String(decoding: bytes, as: UTF8.self)
        let last = open.count - 1
        if case .text(let before)? = open[last].children.last {
            open[last].children[open[last].children.count - 1] = .text(before + part)
        } else {
            open[last].children.append(.text(part))
        }
    }

    private static func parts(_ name: UnsafePointer<XML_Char>) -> (namespace: String, local: String) {
        let parts = String(cString: name).split(separator: "\n", maxSplits: 1).map(String.init)
        return parts.count == 2 ? (parts[0], parts[1]) : ("", parts.first ?? "")
    }
}
