import PetrelCore

/// What one byte of text costs in the filters, methods and functions that read it.
///
/// A step stands for about 100 ns, so that a budget of steps is one of time. Where bytes are only compared or copied, a
/// step is hundreds of them; where each character is looked up in Unicode's tables, quoted or made a text of its own, a
/// byte is a step and more. The figures are measured, on the slower of the texts that were tried.
struct TextCost: Sendable {
    private let nanoseconds: Double
    /// The same for a text outside ASCII.
    private let wide: Double
    /// Steps of a call besides, whatever the text.
    let callSteps: Int
    /// Steps of each opening bracket, which makes a list or mapping.
    private let stepsOfBracket: Int
    /// What each byte of the result costs, where a list or mapping is written as text.
    private let writing: Double

    private static let nanosecondsOfStep = 100.0

    private init(
        _ nanoseconds: Double, wide: Double? = nil, callSteps: Int = 0, stepsOfBracket: Int = 0, writing: Double = 0
    ) {
        self.nanoseconds = nanoseconds
        self.wide = wide ?? nanoseconds
        self.callSteps = callSteps
        self.stepsOfBracket = stepsOfBracket
        self.writing = writing
    }

    /// Steps for reading a text.
    func steps(_ text: String) -> Int {
        let count = text.utf8.count
        // Small texts are not worth a look at their bytes.
        if count < 64 { return 0 }
        let cost = nanoseconds == wide || PythonText.isASCII(text) ? nanoseconds : wide
        let steps = Int(Double(count) * cost / Self.nanosecondsOfStep)
        guard stepsOfBracket > 0 else { return steps }
        let brackets = PythonText.occurrences(of: "{", in: text) + PythonText.occurrences(of: "[", in: text)
        return steps + brackets * stepsOfBracket
    }

    /// Steps for having written a list or mapping; a text was paid for when it was read.
    func steps(writing result: String, of value: Value) -> Int {
        if case .string = value { return 0 }
        return Int(Double(result.utf8.count) * writing / Self.nanosecondsOfStep)
    }

    /// Steps for getting ready to search a text for another; glibc reads all of that, and slowly.
    static func needleSteps(_ needle: String) -> Int { needle.utf8.count / 14 }

    private static let copied = TextCost(0.4)
    private static let searched = TextCost(1.5)
    private static let read = TextCost(12)

    /// The cost in a filter or method of Jinja, by its name.
    static func jinja(_ name: String) -> TextCost { table[name] ?? read }

    /// The cost in a function of YAQL, by its name.
    static func yaql(_ name: String) -> TextCost { table[name] ?? read }

    /// Steps of calls that take long whatever they are given, by name.
    static let callSteps: [String: Int] = table.compactMapValues { $0.callSteps == 0 ? nil : $0.callSteps }

    private static let table: [String: TextCost] = {
        var table: [String: TextCost] = [:]
        func set(_ cost: TextCost, _ names: String) {
            for name in names.split(separator: " ") { table[String(name)] = cost }
        }
        set(
            copied,
            "length len string default d safe unsafe_shell first last startswith endswith startsWith endsWith str "
                + "ctx isString isascii use_none none_to_null list join #operator_= #operator_!= #operator_+ concat")
        set(
            searched,
            "count find rfind index rindex indexOf lastIndexOf replace partition rpartition removeprefix "
                + "removesuffix trim trimLeft trimRight strip lstrip rstrip encode contains substring #operator_in "
                + "isEmpty")
        // The search itself is counted as it goes on.
        set(
            TextCost(0.5, callSteps: 4),
            "regex_match regex_search matches regex_replace regex_substring search searchAll")
        set(TextCost(2, wide: 35), "upper lower toUpper toLower capitalize norm")
        set(TextCost(1.5), "split rsplit")
        set(TextCost(2, wide: 140), "swapcase")
        set(TextCost(3, wide: 240), "casefold")
        set(TextCost(4), "e escape forceescape")
        set(TextCost(2, wide: 4, writing: 16), "to_json_string json_dump json_escape tojson to_complex")
        set(TextCost(14, callSteps: 4, stepsOfBracket: 8), "from_json_string json_parse")
        set(TextCost(50), "indent splitlines replaceBy urlencode truncate center")
        set(TextCost(100, callSteps: 80, stepsOfBracket: 20), "from_yaml_string yaml_parse")
        set(TextCost(100, callSteps: 50, writing: 55), "to_yaml_string yaml_dump")
        set(TextCost(10, callSteps: 80), "jsonpath_query")
        set(
            TextCost(10, callSteps: 35),
            "version_compare version_match version_more_than version_less_than version_equal "
                + "version_bump_major version_bump_minor version_bump_patch")
        set(TextCost(120, callSteps: 40), "datetime")
        set(TextCost(2, callSteps: 15), "regex")
        set(TextCost(0.4, callSteps: 4), "random")
        set(
            TextCost(120),
            "isalnum isalpha isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper is "
                + "wordcount reverse striptags unescape urlize unique xmlattr expandtabs translate toCharArray characters "
                + "int float format max min sort batch slice filesizeformat")
        set(TextCost(80), "wordwrap")
        set(TextCost(120, wide: 300), "pprint")
        set(TextCost(200, wide: 280), "title")
        return table
    }()
}

extension EvaluationBudget {
    /// Counts the call of a filter and the reading of its value, if it is a text.
    @inline(__always)
    func read(_ value: JinjaValue, _ cost: TextCost) throws(PythonFault) {
        if cost.callSteps > 0 { try work(cost.callSteps) }
        switch value {
        case .value(.string(let text)), .markup(let text):
            if text.utf8.count >= 64 { try work(cost.steps(text)) }
        default: return
        }
    }
}
