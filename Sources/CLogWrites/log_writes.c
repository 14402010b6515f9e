/* SQLite writes each page of a commit to its log in two pieces, a head and the page: some fifty small writes for a command
   of ours. This stands between SQLite and its usual way to files, and gathers the pieces until the one that makes the
   commit whole; they are written, and errors told, before SQLite is answered. Nothing else changes: what is read, flushed
   or measured finds everything written, and what was gathered of a transaction that is taken back is dropped before another
   writer may begin, in whose pages it would land.

   The log's format is that of https://www.sqlite.org/fileformat2.html, section 4: a head has 24 bytes, and bytes 4 to 7 of
   it are zero unless its page ends a commit. A file's methods are called by one thread at a time, the one that has its
   connection. */

#include "CLogWrites.h"
#include <sqlite3.h>
#include <string.h>

/* SQLite's usual way writes less than 128 KiB at a time. */
enum { head_bytes = 24, most_bytes = 96 << 10, write_lock = 0 };

/* What stands in the way to one file. */
struct way {
    sqlite3_io_methods methods;
    const sqlite3_io_methods *usual;
    struct way *log;             /* of a database */
    struct way *database;        /* of a log */
    unsigned char *gathered;
    int count;
    sqlite3_int64 start;         /* where in the file the gathered bytes go */
    sqlite3_int64 end;           /* where the last write ended; -1 when that is not known */
    enum { nothing, page, last_page } awaited;
};

static sqlite3_vfs *usual_files;
static sqlite3_vfs our_files;
static int own_part;             /* of a file's memory, behind SQLite's */

static struct way **slot(sqlite3_file *file) { return (struct way **)((char *)file + own_part); }

static int write_gathered(sqlite3_file *file, struct way *way) {
    if (way->count == 0) return SQLITE_OK;
    int count = way->count;
    way->count = 0;
    int result = way->usual->xWrite(file, way->gathered, count, way->start);
    if (result != SQLITE_OK) way->end = -1;
    return result;
}

static void drop_gathered(struct way *way) {
    if (way->count > 0) way->end = -1;
    way->count = 0;
    way->awaited = nothing;
}

static int write_through(sqlite3_file *file, struct way *way, const void *bytes, int count, sqlite3_int64 at) {
    int result = write_gathered(file, way);
    if (result == SQLITE_OK) result = way->usual->xWrite(file, bytes, count, at);
    way->end = result == SQLITE_OK ? at + count : -1;
    way->awaited = nothing;
    return result;
}

static int gather(sqlite3_file *file, struct way *way, const void *bytes, int count, sqlite3_int64 at) {
    if (way->gathered == NULL) way->gathered = sqlite3_malloc(most_bytes);
    if (way->gathered == NULL || count > most_bytes) return write_through(file, way, bytes, count, at);
    if (way->count + count > most_bytes) {
        int result = write_gathered(file, way);
        if (result != SQLITE_OK) return result;
    }
    if (way->count == 0) way->start = at;
    memcpy(way->gathered + way->count, bytes, count);
    way->count += count;
    way->end = at + count;
    return SQLITE_OK;
}

/* A head that follows on the last write is one that its page follows on: only then is it held back. */
static int log_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at) {
    struct way *way = *slot(file);
    if (at != way->end) return write_through(file, way, bytes, count, at);
    if (way->awaited != nothing) {
        int is_last = way->awaited == last_page;
        way->awaited = nothing;
        int result = gather(file, way, bytes, count, at);
        return result == SQLITE_OK && is_last ? write_gathered(file, way) : result;
    }
    if (count != head_bytes) return write_through(file, way, bytes, count, at);
    static const char zero[4];
    int result = gather(file, way, bytes, count, at);
    if (way->count > 0) way->awaited = memcmp((const char *)bytes + 4, zero, 4) == 0 ? page : last_page;
    return result;
}

static int log_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at) {
    int result = write_gathered(file, *slot(file));
    return result == SQLITE_OK ? (*slot(file))->usual->xRead(file, bytes, count, at) : result;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int result = write_gathered(file, *slot(file));
    return result == SQLITE_OK ? (*slot(file))->usual->xTruncate(file, size) : result;
}

static int log_sync(sqlite3_file *file, int flags) {
    int result = write_gathered(file, *slot(file));
    return result == SQLITE_OK ? (*slot(file))->usual->xSync(file, flags) : result;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size) {
    int result = write_gathered(file, *slot(file));
    return result == SQLITE_OK ? (*slot(file))->usual->xFileSize(file, size) : result;
}

/* Before the lock of writers is given up: after a commit nothing is gathered. */
static int database_lock(sqlite3_file *file, int offset, int count, int flags) {
    struct way *way = *slot(file);
    int ends_write = offset == write_lock && (flags & SQLITE_SHM_UNLOCK) && (flags & SQLITE_SHM_EXCLUSIVE);
    if (ends_write && way->log != NULL) drop_gathered(way->log);
    return way->usual->xShmLock(file, offset, count, flags);
}

static int close_way(sqlite3_file *file) {
    struct way *way = *slot(file);
    file->pMethods = way->usual;
    int result = way->usual->xClose(file);
    if (way->database != NULL) way->database->log = NULL;
    if (way->log != NULL) way->log->database = NULL;
    sqlite3_free(way->gathered);
    sqlite3_free(way);
    return result;
}

static struct way *make_way(sqlite3_file *file) {
    struct way *way = sqlite3_malloc(sizeof *way);
    if (way == NULL) return NULL;
    memset(way, 0, sizeof *way);
    way->usual = file->pMethods;
    way->methods = *file->pMethods;
    way->methods.xClose = close_way;
    way->end = -1;
    *slot(file) = way;
    file->pMethods = &way->methods;
    return way;
}

/* A file in whose way nothing can be put goes its usual one. */
static int open_file(sqlite3_vfs *files, const char *name, sqlite3_file *file, int flags, int *opened) {
    (void)files;
    *slot(file) = NULL;
    int result = usual_files->xOpen(usual_files, name, file, flags, opened);
    if (result != SQLITE_OK || file->pMethods == NULL || file->pMethods->iVersion < 2) return result;
    if (flags & SQLITE_OPEN_MAIN_DB) {
        struct way *way = make_way(file);
        if (way != NULL) way->methods.xShmLock = database_lock;
    }
    if ((flags & SQLITE_OPEN_WAL) && name != NULL) {
        struct way *database = *slot(sqlite3_database_file_object(name));
        struct way *way = database == NULL ? NULL : make_way(file);
        if (way == NULL) return result;
        way->database = database;
        database->log = way;
        way->methods.xWrite = log_write;
        way->methods.xRead = log_read;
        way->methods.xTruncate = log_truncate;
        way->methods.xSync = log_sync;
        way->methods.xFileSize = log_size;
    }
    return result;
}

int petrel_gather_log_writes(void) {
    usual_files = sqlite3_vfs_find(NULL);
    if (usual_files == NULL) return SQLITE_ERROR;
    own_part = (usual_files->szOsFile + 15) & ~15;
    our_files = *usual_files;
    our_files.pNext = NULL;
    our_files.zName = "petrel";
    our_files.szOsFile = own_part + (int)sizeof(struct way *);
    our_files.xOpen = open_file;
    return sqlite3_vfs_register(&our_files, 1);
}
