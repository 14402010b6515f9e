/// The parameters of a cron timer, from the most to the least significant.
enum CronField: String, CaseIterable, Sendable {
    case year, month, day, week
    case dayOfWeek = "day_of_week"
    case hour, minute, second

    var least: Int {
        switch self {
        case .year: 1970
        case .month, .day, .week: 1
        case .dayOfWeek, .hour, .minute, .second: 0
        }
    }

    var most: Int {
        switch self {
        case .year: 9999
        case .month: 12
        case .day: 31
        case .week: 53
        case .dayOfWeek: 6
        case .hour: 23
        case .minute, .second: 59
        }
    }

    /// What counts when nothing is said and a more significant field was the last that is said something of.
    var standard: String {
        switch self {
        case .year, .week, .dayOfWeek: "*"
        case .month, .day: "1"
        case .hour, .minute, .second: "0"
        }
    }

    /// Whether the date is made of it; weeks and their days follow from the others.
    var isPartOfDate: Bool { self != .week && self != .dayOfWeek }
}
