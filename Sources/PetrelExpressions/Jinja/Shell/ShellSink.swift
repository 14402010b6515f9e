import PetrelCore

/// Follows the text of a shell command as it is written, and escapes what is put into it.
final class ShellSink {
    private var lexer = ShellLexer()

    /// Text of the template, or text that its author declared safe.
    func literal(_ text: String) throws(PythonFault) {
        do throws(ExpressionError) { try lexer.read(text) } catch { throw PythonFault(error) }
    }

    /// A value made fit for the place behind a literal.
    func escaped(_ text: String, after literal: String) throws(ExpressionError) -> String {
        try lexer.read(literal)
        let result = try ShellEscaping.escaped(text, in: lexer.place)
        try lexer.readValue(result)
        return result
    }

    /// A value made fit for the place where it comes to stand.
    /// - Throws: a fault whose cause has the code `forbidden` where no form is safe.
    func escaped(_ text: String) throws(PythonFault) -> String {
        do throws(ExpressionError) {
            let result = try ShellEscaping.escaped(text, in: lexer.place)
            try lexer.readValue(result)
            return result
        } catch { throw PythonFault(error) }
    }
}
