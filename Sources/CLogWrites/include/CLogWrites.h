#ifndef CLOGWRITES_H
#define CLOGWRITES_H

/* Has what a commit adds to SQLite's log written in one go, for all databases that this process opens from then on.
   Returns SQLite's result code. To be called once. */
int petrel_gather_log_writes(void);

#endif
