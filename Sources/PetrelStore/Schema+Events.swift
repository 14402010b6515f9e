extension Schema {
    /// Trigger instances, what rules made of them, traces, timers, and ends of executions that are owed to rules.
    static let events = [
        """
        CREATE TABLE trigger_instance (
            id TEXT PRIMARY KEY, trigger TEXT NOT NULL, type TEXT NOT NULL, payload TEXT NOT NULL,
            occurred_at INTEGER NOT NULL, status TEXT NOT NULL, origin TEXT NOT NULL, trace TEXT NOT NULL,
            trace_tag TEXT NOT NULL, cause TEXT
        ) WITHOUT ROWID
        """,
        "CREATE INDEX trigger_instance_at ON trigger_instance (occurred_at, id)",
        "CREATE INDEX trigger_instance_trigger ON trigger_instance (trigger, occurred_at)",
        "CREATE INDEX trigger_instance_type ON trigger_instance (type, occurred_at)",
        "CREATE INDEX trigger_instance_trace ON trigger_instance (trace)",
        "CREATE INDEX trigger_instance_pending ON trigger_instance (id) WHERE status = 'pending'",
        """
        CREATE TABLE rule_enforcement (
            id TEXT PRIMARY KEY, rule TEXT NOT NULL, rule_id TEXT NOT NULL, instance TEXT NOT NULL, execution TEXT,
            at INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT, UNIQUE (instance, rule_id)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX rule_enforcement_at ON rule_enforcement (at, id)",
        "CREATE INDEX rule_enforcement_rule ON rule_enforcement (rule, at)",
        "CREATE INDEX rule_enforcement_execution ON rule_enforcement (execution) WHERE execution IS NOT NULL",
        "CREATE TABLE trace (id TEXT PRIMARY KEY, tag TEXT NOT NULL, started_at INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE INDEX trace_at ON trace (started_at, id)",
        "CREATE INDEX trace_tag ON trace (tag)",
        """
        ALTER TABLE execution ADD COLUMN trace TEXT
            GENERATED ALWAYS AS (json_extract(context, '$.trace_context.id_')) VIRTUAL
        """,
        "CREATE INDEX execution_trace ON execution (trace) WHERE trace IS NOT NULL",
        """
        CREATE TABLE timer (
            trigger TEXT PRIMARY KEY, started_at INTEGER NOT NULL, fired_at INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        // Whatever statement ends an execution, its end is owed to those who wait for it from that transaction on.
        "CREATE TABLE end_watch (id INTEGER PRIMARY KEY CHECK (id = 1), is_wanted INTEGER NOT NULL)",
        "INSERT INTO end_watch VALUES (1, 0)",
        "CREATE TABLE owed_end (execution TEXT PRIMARY KEY) WITHOUT ROWID",
        """
        CREATE TRIGGER execution_end AFTER UPDATE OF ended_at ON execution
        WHEN NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL AND (
            (SELECT is_wanted FROM end_watch) OR instr(NEW.context, '"notify":{"')
            OR (SELECT instr(document, '"notify":{"') FROM definition WHERE hash = NEW.definition))
        BEGIN
            INSERT OR IGNORE INTO owed_end VALUES (NEW.id);
        END
        """,
        // A result that was forgotten has nothing to tell.
        """
        CREATE TRIGGER execution_forgotten AFTER DELETE ON execution
        BEGIN
            DELETE FROM owed_end WHERE execution = OLD.id;
        END
        """,
    ]

    static let endsAtOnce = [
        """
        CREATE TRIGGER execution_end_at_once AFTER INSERT ON execution
        WHEN NEW.ended_at IS NOT NULL AND (
            (SELECT is_wanted FROM end_watch) OR instr(NEW.context, '"notify":{"')
            OR (SELECT instr(document, '"notify":{"') FROM definition WHERE hash = NEW.definition))
        BEGIN
            INSERT OR IGNORE INTO owed_end VALUES (NEW.id);
        END
        """
    ]
}
