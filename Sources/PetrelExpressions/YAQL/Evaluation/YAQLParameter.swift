/// One parameter of a function of the library.
struct YAQLParameter: Sendable {
    /// What it takes when it is left out.
    enum Fallback: Sendable {
        /// It can't be left out.
        case required
        case null
        case absent
        case bool(Bool)
        case integer(Int)
        case text(String)
        case noTime

        var value: YAQLValue? {
            switch self {
            case .required: nil
            case .null: .null
            case .absent: .absent
            case .bool(let truth): .bool(truth)
            case .integer(let number): .integer(number)
            case .text(let text): .string(text)
            case .noTime: .timespan(0)
            }
        }
    }

    /// The name in named arguments.
    let name: String
    let type: YAQLType
    let fallback: Fallback

    init(_ name: String, _ type: YAQLType, _ fallback: Fallback = .required) {
        self.name = name
        self.type = type
        self.fallback = fallback
    }
}

/// What a parameter takes; the names are those of Python's types where YAQL uses them.
enum YAQLType: Sendable, Equatable {
    case any
    case notNull
    case null
    /// An integer or boolean.
    case whole
    case wholeOrNull
    /// An integer and no boolean.
    case integer
    case number
    case numberOrNull
    case text
    case textOrNull
    case flag
    case flagOrNull
    /// Lists, sets, views, iterators; no texts, no mappings.
    case iterable
    case iterableNoSet
    case iterator
    case ordering
    case sequence
    case mapping
    case set
    case date
    case timespan
    case timespanOrNull
    case regex
    case context
    /// An evaluated `key => value`.
    case rule
    /// A tuple, as the separators of `to_json_string` are.
    case textsOrNull
    case lambda
    /// `key => value`, evaluated when needed.
    case lazyRule

    /// Whether the argument is not evaluated before the call.
    var isLazy: Bool { self == .lambda || self == .lazyRule }

    /// Whether a value can be passed.
    func accepts(_ value: YAQLValue) -> Bool {
        switch self {
        case .any, .lambda: true
        case .notNull: !value.isNull
        case .null: value.isNull
        case .whole, .wholeOrNull: acceptsWhole(value)
        case .integer, .number, .numberOrNull: acceptsNumber(value)
        case .text: if case .string = value { true } else { false }
        case .textOrNull: if case .string = value { true } else { value.isNull }
        case .flag: if case .bool = value { true } else { false }
        case .flagOrNull: if case .bool = value { true } else { value.isNull }
        case .iterable, .iterableNoSet, .iterator, .ordering, .sequence, .mapping, .set: acceptsItems(value)
        default: acceptsSpecial(value)
        }
    }

    private func acceptsWhole(_ value: YAQLValue) -> Bool {
        switch value {
        case .integer, .bool, .bigInteger: true
        case .null: self == .wholeOrNull
        default: false
        }
    }

    private func acceptsNumber(_ value: YAQLValue) -> Bool {
        switch value {
        case .integer, .bigInteger: true
        case .double: self != .integer
        case .null: self == .numberOrNull
        default: false
        }
    }

    private func acceptsItems(_ value: YAQLValue) -> Bool {
        switch value {
        case .tuple, .list: self == .iterable || self == .iterableNoSet || self == .sequence
        case .iterator: self == .iterable || self == .iterableNoSet || self == .iterator
        case .ordering: self == .iterable || self == .iterableNoSet || self == .ordering
        case .set: self == .iterable || self == .set
        case .view(let view):
            self == .iterable || (self == .set && view.isSet) || (self == .iterableNoSet && !view.isSet)
        case .dictionary: self == .mapping
        default: false
        }
    }

    private func acceptsSpecial(_ value: YAQLValue) -> Bool {
        switch (self, value) {
        case (.date, .date), (.timespan, .timespan), (.timespanOrNull, .timespan), (.timespanOrNull, .null),
            (.regex, .regex), (.context, .context), (.rule, .rule), (.textsOrNull, .tuple), (.textsOrNull, .null):
            true
        case (.lazyRule, .lambda(let lambda)): lambda.consequence != nil
        default: false
        }
    }

    /// Whether everything that this takes, the other takes too, and not the other way round, by Python's classes.
    func isSpecialization(of other: YAQLType) -> Bool {
        guard self != other, !isLazy, !other.isLazy else { return false }
        switch (self, other) {
        case (.sequence, .iterable), (.sequence, .iterableNoSet), (.iterator, .iterable), (.set, .iterable),
            (.ordering, .iterable), (.iterator, .iterableNoSet), (.ordering, .iterableNoSet):
            return true
        case (_, .any), (_, .notNull): return self != .any && self != .notNull
        case (.flag, .whole), (.flagOrNull, .whole): return true
        default: return false
        }
    }
}
