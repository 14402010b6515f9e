import GRDB

/// The tables, as a list of migrations; an accepted migration is never changed, only followed by another.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 the straight line") { database in
            for statement in straightLine { try database.execute(sql: statement) }
        }
        migrator.registerMigration("2 tokens, keys and a chained audit trail") { database in
            for statement in credentials { try database.execute(sql: statement) }
            try chainAudit(in: database)
        }
        migrator.registerMigration("3 chat posts") { database in
            for statement in chatPosts { try database.execute(sql: statement) }
        }
        migrator.registerMigration("4 workflows") { database in
            for statement in workflows { try database.execute(sql: statement) }
        }
        migrator.registerMigration("5 datastore and policies") { database in
            for statement in datastore { try database.execute(sql: statement) }
        }
        migrator.registerMigration("6 events") { database in
            for statement in events { try database.execute(sql: statement) }
        }
        migrator.registerMigration("7 listings read indexes alone") { database in
            for statement in listings { try database.execute(sql: statement) }
        }
        migrator.registerMigration("8 causes and leases") { database in
            for statement in causes { try database.execute(sql: statement) }
        }
        migrator.registerMigration("9 listings of an action by status") { database in
            for statement in actionListings { try database.execute(sql: statement) }
        }
        migrator.registerMigration("10 what a room hears is in the inbox") { database in
            for statement in rooms { try database.execute(sql: statement) }
        }
        migrator.registerMigration("11 claims are found among what is open") { database in
            for statement in claims { try database.execute(sql: statement) }
        }
        migrator.registerMigration("12 what is stored with its end owes that") { database in
            for statement in endsAtOnce { try database.execute(sql: statement) }
        }
        return migrator
    }

    /// Times are microseconds since 1970; documents are JSON text.
    private static let straightLine = [
        """
        CREATE TABLE message (
            adapter TEXT NOT NULL, event TEXT NOT NULL, document TEXT NOT NULL, received_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL, settled_at INTEGER, PRIMARY KEY (adapter, event)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX message_unsettled ON message (received_at) WHERE settled_at IS NULL",
        "CREATE INDEX message_received ON message (adapter, received_at)",
        "CREATE TABLE definition (hash TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID",
        """
        CREATE TABLE execution (
            id TEXT PRIMARY KEY, action TEXT NOT NULL, definition TEXT NOT NULL REFERENCES definition (hash),
            runner TEXT NOT NULL, status TEXT NOT NULL, parameters TEXT NOT NULL, context TEXT NOT NULL,
            user TEXT NOT NULL, origin TEXT NOT NULL, parent TEXT, started_at INTEGER NOT NULL, ended_at INTEGER,
            result TEXT, result_file TEXT, result_bytes INTEGER NOT NULL DEFAULT 0, log TEXT NOT NULL,
            attempt INTEGER NOT NULL, owner TEXT, boot TEXT, lease_until INTEGER, reply_to TEXT,
            reply_owed INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID
        """,
        "CREATE INDEX execution_started ON execution (started_at, id)",
        "CREATE INDEX execution_action ON execution (action, started_at)",
        "CREATE INDEX execution_parent ON execution (parent) WHERE parent IS NOT NULL",
        "CREATE INDEX execution_queue ON execution (id) WHERE status = 'requested'",
        "CREATE INDEX execution_claimed ON execution (owner) WHERE owner IS NOT NULL",
        "CREATE INDEX execution_open ON execution (status) WHERE ended_at IS NULL",
        "CREATE INDEX execution_reply ON execution (ended_at) WHERE reply_owed = 1",
        """
        CREATE TABLE post (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, adapter TEXT NOT NULL,
            channel TEXT NOT NULL, thread TEXT, kind TEXT NOT NULL, reply_to TEXT NOT NULL, text TEXT NOT NULL,
            execution TEXT, status TEXT, is_final INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'unsent',
            attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0, queued_by TEXT NOT NULL,
            platform_id TEXT, sent_at INTEGER, error TEXT
        )
        """,
        "CREATE INDEX post_unsent ON post (adapter, channel, thread, sequence) WHERE state = 'unsent'",
        "CREATE INDEX post_refused ON post (sequence) WHERE state = 'refused'",
        """
        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, user TEXT NOT NULL,
            subject TEXT NOT NULL, decision TEXT NOT NULL, detail TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE content (
            kind TEXT NOT NULL, ref TEXT NOT NULL, id TEXT NOT NULL, pack_path TEXT NOT NULL, file TEXT NOT NULL,
            hash TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, ref)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE identity (
            adapter TEXT NOT NULL, person TEXT NOT NULL, user TEXT NOT NULL, role TEXT NOT NULL,
            PRIMARY KEY (adapter, person)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE room_post (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT NOT NULL, key TEXT NOT NULL UNIQUE,
            in_reply_to TEXT, author TEXT NOT NULL, is_owner INTEGER NOT NULL, text TEXT NOT NULL, kind TEXT, execution TEXT, status TEXT,
            is_final INTEGER NOT NULL, at INTEGER NOT NULL
        )
        """,
        // A row that is written to find out whether rows can be written.
        "CREATE TABLE heartbeat (id INTEGER PRIMARY KEY CHECK (id = 1), beat INTEGER NOT NULL)",
        "CREATE INDEX room_post_message ON room_post (at) WHERE kind IS NULL",
        "CREATE INDEX room_post_room ON room_post (room, sequence)",
    ]

    private static let credentials = [
        """
        CREATE TABLE token (
            hash TEXT PRIMARY KEY, id TEXT NOT NULL, user TEXT NOT NULL, expires_at INTEGER NOT NULL,
            metadata TEXT NOT NULL, is_service INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        "CREATE INDEX token_end ON token (expires_at)",
        """
        CREATE TABLE api_key (
            id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, user TEXT NOT NULL, metadata TEXT NOT NULL,
            is_enabled INTEGER NOT NULL, created_at INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        // Each row's keyed digest covers the row before it; the head covers the last one, so that none can be cut off.
        "ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE audit_head (id INTEGER PRIMARY KEY CHECK (id = 1), base TEXT NOT NULL, mac TEXT NOT NULL)",
        "ALTER TABLE execution ADD COLUMN delay INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX audit_at ON audit (at)",
        "CREATE INDEX execution_ended ON execution (ended_at) WHERE ended_at IS NOT NULL",
        "CREATE INDEX execution_runner ON execution (runner, started_at)",
        "CREATE INDEX execution_file ON execution (result_file) WHERE result_file IS NOT NULL",
        "CREATE INDEX post_execution ON post (execution) WHERE execution IS NOT NULL",
        "CREATE INDEX execution_definition ON execution (definition)",
        "CREATE INDEX execution_user ON execution (user, started_at)",
        "CREATE INDEX execution_status ON execution (status, started_at)",
    ]

    // Each holds all that a listing filters and sorts by, so that rows are read only for the page that is shown.
    private static let listings = [
        "DROP INDEX execution_started", "DROP INDEX execution_action", "DROP INDEX execution_user",
        "DROP INDEX execution_status", "DROP INDEX execution_runner",
        "CREATE INDEX execution_list ON execution (started_at, id, parent, status, action, user, runner)",
        // The parent is in it although it is always the same: SQLite looks it up in the row otherwise.
        "CREATE INDEX execution_roots ON execution (started_at, id, parent) WHERE parent IS NULL",
        "CREATE INDEX execution_by_action ON execution (action, started_at, id, parent)",
        "CREATE INDEX execution_by_user ON execution (user, started_at, id, parent)",
        "CREATE INDEX execution_by_status ON execution (status, started_at, id, parent)",
        "CREATE INDEX execution_by_runner ON execution (runner, started_at, id, parent)",
    ]

    private static let actionListings = [
        "DROP INDEX execution_by_action",
        "CREATE INDEX execution_by_action ON execution (action, started_at, id, parent, status)",
    ]

    // One index less to be written with each execution and each end: what is claimed is open.
    private static let claims = [
        "DROP INDEX execution_claimed", "DROP INDEX execution_open",
        "CREATE INDEX execution_open ON execution (status, owner) WHERE ended_at IS NULL",
    ]

    // What is said in a room is in the inbox at once, so that nothing looks for it there.
    private static let rooms = ["DROP INDEX room_post_message"]

    private static let chatPosts = [
        // How the post is to be shown; null for plain text.
        "ALTER TABLE post ADD COLUMN document TEXT",
        // The thread that the post belongs to: the one it stands in, or the one that begins with the message that asked.
        "ALTER TABLE post ADD COLUMN topic TEXT",
        "CREATE INDEX post_topic ON post (topic) WHERE execution IS NOT NULL",
        "CREATE INDEX post_platform ON post (platform_id) WHERE execution IS NOT NULL AND platform_id IS NOT NULL",
        """
        CREATE TABLE question (
            adapter TEXT NOT NULL, channel TEXT NOT NULL, person TEXT NOT NULL, document TEXT NOT NULL,
            asked_at INTEGER NOT NULL, answered_by TEXT, PRIMARY KEY (adapter, channel, person)
        ) WITHOUT ROWID
        """,
    ]

    private static let workflows = [
        "CREATE TABLE workflow_definition (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID",
        """
        CREATE TABLE workflow (
            execution TEXT PRIMARY KEY, id TEXT NOT NULL, definition TEXT NOT NULL, file TEXT NOT NULL,
            version INTEGER NOT NULL, snapshot TEXT, wish TEXT
        ) WITHOUT ROWID
        """,
        "CREATE INDEX workflow_wish ON workflow (execution) WHERE wish IS NOT NULL",
        "CREATE INDEX workflow_text ON workflow (definition)",
        """
        CREATE TABLE workflow_change (
            execution TEXT NOT NULL, version INTEGER NOT NULL, document TEXT NOT NULL,
            PRIMARY KEY (execution, version)
        ) WITHOUT ROWID
        """,
        // What a child's workflow has not heard yet, and which action of which task the child carries out.
        "ALTER TABLE execution ADD COLUMN parent_owed INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE execution ADD COLUMN task TEXT",
        "ALTER TABLE execution ADD COLUMN item INTEGER",
        "CREATE INDEX execution_news ON execution (parent) WHERE parent_owed = 1",
        "CREATE INDEX execution_task ON execution (task) WHERE task IS NOT NULL",
        """
        CREATE TABLE inquiry (execution TEXT PRIMARY KEY, expires_at INTEGER, asked_at INTEGER) WITHOUT ROWID
        """,
        "CREATE INDEX inquiry_end ON inquiry (expires_at) WHERE expires_at IS NOT NULL",
        "CREATE INDEX inquiry_unasked ON inquiry (execution) WHERE asked_at IS NULL",
        """
        CREATE TABLE inquiry_post (
            execution TEXT NOT NULL, adapter TEXT NOT NULL, channel TEXT NOT NULL, thread TEXT NOT NULL,
            PRIMARY KEY (adapter, channel, execution, thread)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX inquiry_post_execution ON inquiry_post (execution)",
    ]

    private static let datastore = [
        """
        CREATE TABLE key (
            scope TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL,
            is_secret INTEGER NOT NULL, expires_at INTEGER, summary TEXT, PRIMARY KEY (scope, owner, name)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX key_end ON key (expires_at) WHERE expires_at IS NOT NULL",
        // A row without a document takes a file's policy out of force.
        "CREATE TABLE policy (ref TEXT PRIMARY KEY, id TEXT NOT NULL, document TEXT) WITHOUT ROWID",
        "ALTER TABLE execution ADD COLUMN is_gated INTEGER NOT NULL DEFAULT 0",
        """
        CREATE INDEX execution_gated ON execution (id)
        WHERE is_gated = 1 AND owner IS NULL AND ended_at IS NULL AND status IN ('requested', 'delayed')
        """,
    ]
}
