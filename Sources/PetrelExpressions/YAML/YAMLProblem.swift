import PetrelCore

/// libyaml's complaints in words for people who write content files.
enum YAMLProblem {
    static func explain(_ said: String, at mark: YAMLMark, since: YAMLMark?, file: String) -> ExpressionError {
        let (message, hint) = words[said] ?? (said, nil)
        // Where something was opened matters as much as where it went wrong.
        let origin = since.map { $0.line == mark.line ? "" : " (begun in line \($0.line + 1))" } ?? ""
        return ExpressionError(.badYAML, message + origin, hint: hint, location: location(mark, file: file))
    }

    static func location(_ mark: YAMLMark, file: String) -> Location {
        Location(file: file, line: mark.line + 1, column: mark.column + 1)
    }

    private static let words: [String: (String, String?)] = [
        "mapping values are not allowed in this context": (
            "unexpected `: ` here", "Put a text that holds `: ` in quotes, and check the indentation of this line"
        ),
        "could not find expected ':'": (
            "a `:` is missing after a key", "Write `key: value`, with a blank after the colon"
        ),
        "found character that cannot start any token": (
            "this character can't start a value",
            "Indent with blanks, not tabs; put values that begin with @, ` or % in quotes"
        ),
        "block sequence entries are not allowed in this context": (
            "unexpected `- ` here", "Start a list on a line of its own under its key"
        ),
        "mapping keys are not allowed in this context": (
            "unexpected `? ` here", "Put a text that begins with `? ` in quotes"
        ),
        "found unexpected end of stream": ("the text ends inside quotes", "Add the closing quote"),
        "found unexpected document indicator": (
            "`---` or `...` stands inside quotes", "Add the closing quote before it, or indent the line"
        ),
        "found undefined tag handle": ("unknown tag prefix", "Only standard tags such as `!!str` are read"),
        "found unknown escape character": (
            "unknown `\\` escape in double quotes", "Write `\\\\` for a backslash, or use single quotes"
        ),
        "found a tab character where an indentation space is expected": (
            "a tab is used for indentation", "Indent with blanks"
        ),
        "found a tab character that violates indentation": ("a tab is used for indentation", "Indent with blanks"),
        "did not find expected comment or line break": (
            "unexpected text after a block mark", "After `|` or `>` only a comment may follow on the line"
        ),
        "did not find expected key": (
            "expected a key here", "Check that this line is indented like the keys before it and that quotes are closed"
        ),
        "did not find expected '-' indicator": (
            "expected a list item (`- `) here", "Check that this line is indented like the items before it"
        ),
        "did not find expected ',' or ']'": (
            "expected `,` or `]`", "Close the list, or put a comma between its items"
        ),
        "did not find expected ',' or '}'": (
            "expected `,` or `}`", "Close the braces; a value that begins with `{{` must be in quotes"
        ),
        "did not find expected node content": (
            "expected a value here", "Put the value in quotes if it begins with a special character"
        ),
        "did not find expected <document start>": (
            "unexpected text after the document", "Check the indentation; a file holds one document"
        ),
        "did not find expected alphabetic or numeric character": (
            "a name is missing after `&` or `*`", "Put a text that begins with `*` or `&` in quotes"
        ),
        "found invalid Unicode character escape code": ("no such character", "Use a valid `\\u` escape"),
        "did not find expected hexdecimal number": ("bad `\\x` or `\\u` escape", "Give all of its hexadecimal digits"),
        "control characters are not allowed": (
            "a control character stands here", "Remove it, or write it as `\\x..` inside double quotes"
        ),
        "invalid leading UTF-8 octet": ("the text is not UTF-8 here", "Save the file as UTF-8"),
        "invalid trailing UTF-8 octet": ("the text is not UTF-8 here", "Save the file as UTF-8"),
        "incomplete UTF-8 octet sequence": ("the text is not UTF-8 here", "Save the file as UTF-8"),
    ]
}
