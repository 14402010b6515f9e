/// What attackers say, for tests to pass on.
public enum HostileValues {
    /// Attacks on shells, and text that shells treat in special ways; what succeeds makes a file named `canary`.
    public static let shell: [String] = [
        "; touch canary", "&& touch canary", "| touch canary", "|| touch canary", "& touch canary &",
        "\ntouch canary\n",
        "$(touch canary)", "`touch canary`", "\"; touch canary; \"", "'; touch canary; '", "'\"; touch canary; \"'",
        "\\'; touch canary; \\'", "\\\"; touch canary; \\\"", "$(`touch canary`)", "${x:-$(touch canary)}",
        "$((a[$(touch canary)]))", "> canary", "< canary > canary", ">> canary", "<(touch canary)", ">(touch canary)",
        "*", "?", "[a-z]*", "~", "~root", "{a,b}", "{1..5}", "!!", "!x", "^a^b", "#", "# x", " # x", "a b", "  a  ",
        "\t",
        "-n", "--", "-e x", "\\", "\\\\", "\\n", "a\\", "'", "''", "'''", "\"", "\"\"", "a'b", "a\"b", "'\\''", "$",
        "$$",
        "$HOME", "${HOME}", "$x", "$1", "$@", "a$", "%s", "%n", "a=b", "PATH=/nowhere", "LD_PRELOAD=/x.so", "if",
        "then",
        "fi", "do", "done", "case", "esac", "}", "{", "(", ")", "((", "))", "[[", "]]", "[", "]", "!", "function",
        "EOF\ntouch canary", "\nEOF\ntouch canary\n", "EOF", "é", "日本", "\u{301}", "😀", "\u{7f}", "\u{1}", "\u{1b}[31m",
        "\r", "\r\ntouch canary\r\n", "a\u{a0}b", "\u{2028}", "$'touch canary'", "$\"touch canary\"", "a;b", "a&b",
        "a|b", "a<b", "a>b", "\n", "\n\n", "a\n", "\na", "a\nb", "`", "``", "\\`touch canary\\`", "\\$(touch canary)",
        "$(touch\tcanary)", "$[1+1]", "a[$(touch canary)]", "x;touch${IFS}canary", "%0atouch canary",
        "\\\ntouch canary",
    ]
}
