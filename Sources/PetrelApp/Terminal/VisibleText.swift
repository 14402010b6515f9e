/// Makes text of any origin safe to show: no byte of it can steer the terminal or hide what it says.
enum VisibleText {
    /// The text in one line: line ends become blanks too.
    static func line(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" { out.append(" ") } else { out.append(contentsOf: shown(scalar)) }
        }
        return String(out)
    }

    /// The lines of the text, with tabs as blanks up to the next eighth column.
    static func lines(_ text: String) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            if scalar == "\r", scalars.first == "\n" { continue }
            if scalar == "\n" {
                lines.append(String(line))
                line = String.UnicodeScalarView()
            } else if scalar == "\t" {
                let column = DisplayWidth.of(String(line))
                line.append(contentsOf: repeatElement(" ", count: 8 - column % 8))
            } else {
                line.append(contentsOf: shown(scalar))
            }
        }
        lines.append(String(line))
        return lines
    }

    /// The text with its line ends kept.
    static func text(_ text: String) -> String { lines(text).joined(separator: "\n") }

    private static func shown(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        switch scalar.value {
        case 0..<0x20: picture(0x2400 + scalar.value)
        case 0x7F: picture(0x2421)
        // C1 controls; the marks that turn the direction of writing, which can make a text read as another; and the two
        // separators that some terminals take for line ends.
        case 0x80...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: code(scalar)
        default: String.UnicodeScalarView([scalar])
        }
    }

    private static func picture(_ value: UInt32) -> String.UnicodeScalarView {
        String.UnicodeScalarView(Unicode.Scalar(value).map { [$0] } ?? [])
    }

    private static func code(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        "<U+\(String(repeating: "0", count: scalar.value < 0x100 ? 2 : 0))\(String(scalar.value, radix: 16, uppercase: true))>"
            .unicodeScalars
    }
}
