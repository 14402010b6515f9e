extension Schema {
    /// What leads to what: traces of executions that nobody caused, chains of events, names that were given before, what
    /// sensors of Petrel's own remember, and who looks after what.
    static let causes = [
        "ALTER TABLE trigger_instance ADD COLUMN depth INTEGER NOT NULL DEFAULT 0",
        // An execution that nobody caused is the trace that it begins: the same id, and no row beside it.
        "CREATE INDEX execution_own_trace ON execution (started_at, id) WHERE trace = id",
        """
        CREATE INDEX execution_trace_tag ON execution (json_extract(context, '$.trace_context.trace_tag'))
        WHERE trace = id AND instr(context, '"trace_tag":"execution-' || id || '"') = 0
        """,
        // Whatever statement makes an inquiry, rules are owed the news from that transaction on.
        "CREATE TABLE owed_inquiry (execution TEXT PRIMARY KEY) WITHOUT ROWID",
        """
        CREATE TRIGGER inquiry_news AFTER INSERT ON inquiry
        BEGIN
            INSERT OR IGNORE INTO owed_inquiry VALUES (NEW.execution);
        END
        """,
        """
        CREATE TRIGGER inquiry_forgotten AFTER DELETE ON execution
        BEGIN
            DELETE FROM owed_inquiry WHERE execution = OLD.id;
        END
        """,
        "CREATE TABLE given_name (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE INDEX given_name_at ON given_name (at)",
        "CREATE TABLE watch_state (name TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE lease (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID",
    ]
}
