/// An element of XML with its namespace, as far as chat needs it: no comments, instructions or document types.
public struct XMLElement: Sendable, Hashable {
    /// What an element holds, in order.
    public enum Node: Sendable, Hashable {
        case element(XMLElement)
        case text(String)
    }

    /// Its name without a prefix.
    public var name: String
    /// The namespace that it is in; empty for none.
    public var namespace: String
    /// Its attributes that are in no namespace.
    public var attributes: [String: String]
    /// What it holds.
    public var children: [Node]

    /// An element from its parts.
    public init(
        _ name: String, _ namespace: String, _ attributes: [String: String] = [:], _ children: [XMLElement] = []
    ) {
        self.name = name
        self.namespace = namespace
        self.attributes = attributes
        self.children = children.map(Node.element)
    }

    /// An element that holds text.
    public init(_ name: String, _ namespace: String, text: String) {
        self.init(name, namespace)
        children = [.text(text)]
    }

    /// The value of an attribute.
    public subscript(attribute: String) -> String? { attributes[attribute] }

    /// The elements that it holds.
    public var elements: [XMLElement] {
        children.compactMap { if case .element(let element) = $0 { element } else { nil } }
    }

    /// The first element of a name in a namespace that it holds.
    public func first(_ name: String, _ namespace: String) -> XMLElement? {
        for case .element(let element) in children where element.name == name && element.namespace == namespace {
            return element
        }
        return nil
    }

    /// The text that stands in it, not that in its elements.
    public var text: String {
        children.reduce(into: "") { text, child in if case .text(let part) = child { text += part } }
    }

    /// The element as XML, which stands for itself: each namespace is declared where it begins.
    public var xml: String {
        var out = ""
        write(to: &out, within: "")
        return out
    }

    private func write(to out: inout String, within parent: String) {
        out += "<" + name
        if namespace != parent { out += " xmlns='" + Self.escaped(namespace) + "'" }
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            out += " " + name + "='" + Self.escaped(value) + "'"
        }
        guard !children.isEmpty else {
            out += "/>"
            return
        }
        out += ">"
        for child in children {
            switch child {
            case .element(let element): element.write(to: &out, within: namespace)
            case .text(let text): out += Self.escaped(text)
            }
        }
        out += "</" + name + ">"
    }

    /// Text as it stands in XML, in an element or an attribute; characters that XML can't hold are left out.
    static func escaped(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out.append(contentsOf: "&amp;".unicodeScalars)
            case "<": out.append(contentsOf: "&lt;".unicodeScalars)
            case ">": out.append(contentsOf: "&gt;".unicodeScalars)
            case "'": out.append(contentsOf: "&apos;".unicodeScalars)
            case "\"": out.append(contentsOf: "&quot;".unicodeScalars)
            case "\r": out.append(contentsOf: "&#13;".unicodeScalars)
            case "\t", "\n", "\u{20}"..."\u{FFFD}", "\u{10000}"..."\u{10FFFF}": out.append(scalar)
            default: continue
            }
        }
        return String(out)
    }
}
