import PetrelCore

/// Writes settings as YAML: the sample file, and single values.
enum SettingsSample {
    private static let head = """
        # Settings of Petrel, each with its default. Written by "petrel config sample".
        #
        # Use it with: petrel serve --config conf/petrel.yaml
        # Relative paths are seen from the folder of this file.
        # Each setting can also come from the environment, which wins: PETREL_ and the path in capitals, such as
        # PETREL_HTTP_PORT. "petrel config explain http.port" tells where a value came from.

        """

    /// The sample file of a catalogue.
    static func text(_ catalog: SettingsCatalog) -> String {
        var text = head
        var section: String?
        for setting in catalog.settings {
            let name = setting.keys.count > 1 ? setting.keys[0] : nil
            if name != section || name == nil { text += "\n" }
            if name != section, let name { text += "\(name):\n" }
            section = name
            text += lines(of: setting, indent: name == nil ? "" : "  ")
        }
        return text
    }

    /// A value in YAML, in one line.
    static func text(of value: Value) -> String {
        switch value {
        case .string(let text): isPlain(text) ? text : JSONWriter.text(value)
        case .array(let items): "[" + items.map(text(of:)).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\($0.key): \(text(of: $0.value))" }.joined(separator: ", ") + "}"
        default: JSONWriter.text(value)
        }
    }

    private static func lines(of setting: Setting, indent: String) -> String {
        let key = setting.keys.last ?? setting.path
        var text = "\(indent)# \(setting.summary)\n"
        if setting.isSecret { return text + "\(indent)# \(key)_file: PATH\n" }
        if setting.kind == .adapters, case .array(let entries) = setting.standard {
            text += "\(indent)\(key):\n"
            return text + entries.map { "\(indent)  - \(self.text(of: $0))\n" }.joined()
        }
        return text + "\(indent)\(key): \(self.text(of: setting.standard))\n"
    }

    /// Whether YAML reads a text without quotes as itself; more is quoted than must be.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, !isDigit(first), first != 0x2D else { return isAddress(text) }
        let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        return !words.contains(text.lowercased()) && text.utf8.allSatisfy(isPlainByte)
    }

    private static func isAddress(_ text: String) -> Bool {
        text.utf8.allSatisfy { isDigit($0) || $0 == 0x2E } && text.utf8.count { $0 == 0x2E } > 1
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isPlainByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || isDigit(byte) || "-_./".utf8.contains(byte)
    }
}
