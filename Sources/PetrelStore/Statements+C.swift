import GRDB
import GRDBSQLite
import Glibc

/// What a statement is given for its question marks, in their order; nil is NULL.
typealias Arguments = [(any ColumnValue)?]

// GRDB's own rows look each column up in a dictionary that is made for each statement run, which takes longer than most of
// our statements (docs/adr/0004).
extension Database {
    /// Runs a statement that is compiled once per connection.
    func run(_ sql: String, _ arguments: Arguments = []) throws {
        try step(through: sql, arguments) { _ in }
    }

    /// Runs a statement and says whether it changed a row.
    func changes(_ sql: String, _ arguments: Arguments) throws -> Bool {
        try run(sql, arguments)
        return changesCount > 0
    }

    /// What each row of a statement says; the statement is compiled once per connection.
    ///
    /// - Parameter read: is given the row where it stands, and must not keep it.
    func each<Element>(_ sql: String, _ arguments: Arguments = [], _ read: (StoredRow) throws -> Element) throws
        -> [Element]
    {
        var elements: [Element] = []
        try step(through: sql, arguments) { elements.append(try read($0)) }
        return elements
    }

    /// What the first row of a statement says; nil without one.
    func first<Element>(_ sql: String, _ arguments: Arguments = [], _ read: (StoredRow) throws -> Element) throws
        -> Element?
    {
        var element: Element?
        try step(through: sql, arguments) { row in
            if element == nil { element = try read(row) }
        }
        return element
    }

    /// Whether a statement has a row.
    func hasRow(_ sql: String, _ arguments: Arguments = []) throws -> Bool {
        try first(sql, arguments) { _ in true } ?? false
    }

    /// The number that a statement counts.
    func count(_ sql: String, _ arguments: Arguments = []) throws -> Int {
        try first(sql, arguments) { $0.value(at: 0) } ?? 0
    }

    private func step(through sql: String, _ arguments: Arguments, _ read: (StoredRow) throws -> Void) throws {
        var cached = try cachedStatement(sql: sql)
        // The body of an outer run of the same statement asks again.
        if sqlite3_stmt_busy(cached.sqliteStatement) != 0 { cached = try makeStatement(sql: sql) }
        let statement = cached.sqliteStatement
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, argument) in arguments.enumerated() {
            let code = argument?.bind(to: statement, at: CInt(index + 1)) ?? SQLITE_OK
            guard code == SQLITE_OK else { throw failure(code, sql) }
        }
        let row = StoredRow(statement, of: self)
        try withExtendedLifetime(cached) {
            while true {
                switch sqlite3_step(statement) {
                case SQLITE_ROW:
                    row.begin()
                    try read(row)
                case SQLITE_DONE: return
                case let code: throw failure(code, sql)
                }
            }
        }
    }

    private func failure(_ code: CInt, _ sql: String) -> DatabaseError {
        let extended = sqliteConnection.map(sqlite3_extended_errcode) ?? code
        return DatabaseError(
            resultCode: ResultCode(rawValue: extended),
            message: lastErrorMessage ?? String(cString: sqlite3_errstr(code)),
            sql: sql)
    }
}

/// The row at which a statement stands.
///
/// A column is looked for from the one that was read last: whoever reads in the order of the statement finds it at once.
final class StoredRow {
    /// For what the row refers to.
    let database: Database
    private let statement: SQLiteStatement
    private let count: CInt
    private var next: CInt = 0

    fileprivate init(_ statement: SQLiteStatement, of database: Database) {
        self.database = database
        self.statement = statement
        count = sqlite3_column_count(statement)
    }

    fileprivate func begin() { next = 0 }

    /// A column by its name; NULL reads as zero or as an empty text.
    subscript<Value: ColumnValue>(name: StaticString) -> Value { Value(statement: statement, column: index(of: name)) }

    /// A column by its name; nil for NULL.
    subscript<Value: ColumnValue>(name: StaticString) -> Value? {
        let column = index(of: name)
        guard sqlite3_column_type(statement, column) != SQLITE_NULL else { return nil }
        return Value(statement: statement, column: column)
    }

    /// A column by its place.
    func value<Value: ColumnValue>(at column: CInt) -> Value { Value(statement: statement, column: column) }

    private func index(of name: StaticString) -> CInt {
        for offset in 0..<count {
            let column = (next + offset) % count
            if strcmp(sqlite3_column_name(statement, column), name.utf8Start) == 0 {
                next = column + 1
                return column
            }
        }
        preconditionFailure("no column \(name) in \(String(cString: sqlite3_sql(statement)))")
    }
}

/// A type that columns hold.
protocol ColumnValue: Sendable {
    /// Reads a column of the row at which a statement stands.
    init(statement: SQLiteStatement, column: CInt)

    /// Gives it for a question mark; returns SQLite's result code.
    func bind(to statement: SQLiteStatement, at index: CInt) -> CInt
}

extension String: ColumnValue {
    init(statement: SQLiteStatement, column: CInt) {
        guard let text = sqlite3_column_text(statement, column) else {
            self = ""
            return
        }
        let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(statement, column)))
        self = String(decoding: bytes, as: UTF8.self)
    }

    func bind(to statement: SQLiteStatement, at index: CInt) -> CInt {
        var text = self
        return text.withUTF8 { bytes in
            // An empty text has no address, which SQLite would read as NULL.
            guard let start = bytes.baseAddress else { return sqlite3_bind_text(statement, index, "", 0, nil) }
            return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                sqlite3_bind_text(statement, index, $0, CInt(bytes.count), copied)
            }
        }
    }
}

/// Tells SQLite to keep a copy of a text (`SQLITE_TRANSIENT`).
private var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

extension Int64: ColumnValue {
    init(statement: SQLiteStatement, column: CInt) { self = sqlite3_column_int64(statement, column) }
    func bind(to statement: SQLiteStatement, at index: CInt) -> CInt { sqlite3_bind_int64(statement, index, self) }
}

extension Int: ColumnValue {
    init(statement: SQLiteStatement, column: CInt) { self = Int(sqlite3_column_int64(statement, column)) }
    func bind(to statement: SQLiteStatement, at index: CInt) -> CInt {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

extension Bool: ColumnValue {
    init(statement: SQLiteStatement, column: CInt) { self = sqlite3_column_int64(statement, column) != 0 }
    func bind(to statement: SQLiteStatement, at index: CInt) -> CInt {
        sqlite3_bind_int64(statement, index, self ? 1 : 0)
    }
}
