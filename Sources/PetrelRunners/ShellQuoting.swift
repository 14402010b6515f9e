/// A text as one word of a POSIX shell, unquoted where nothing in it needs a quote, as Python's `shlex.quote` writes it.
func shellQuoted(_ text: String) -> String {
    if !text.isEmpty, text.utf8.allSatisfy(isPlainInShell) { return text }
    var quoted = "'"
    for character in text.unicodeScalars {
        if character == "'" { quoted += "'\"'\"'" } else { quoted.unicodeScalars.append(character) }
    }
    return quoted + "'"
}

private func isPlainInShell(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "_@%+=:,./-".utf8.contains(byte)
    }
}
