#ifndef CEDIT_H
#define CEDIT_H

#include <stddef.h>

// The part of libedit that the shell uses, without variadic functions, and the signals that a line editor must see.
// One editor and one thread that reads; `cedit_on_interrupt` may be called from any thread.

typedef struct CEdit CEdit;

/// How reading a line ended.
typedef enum {
  CEditLine = 0,
  /// Ctrl-D on an empty line, or the terminal is gone.
  CEditEnd = 1,
  /// Ctrl-C.
  CEditInterrupted = 2,
} CEditOutcome;

/// Answers the Tab key by calling `cedit_replace` and `cedit_show`; `cursor` counts bytes of `line`.
typedef void (*CEditComplete)(void *context, CEdit *editor, const char *line, size_t length, size_t cursor);

/// Reads lines from standard input and draws on standard output, or on standard error if `onError` is not 0.
/// NULL if there is no memory or no pipe. `isDumb`: send no escape sequences of our own.
CEdit *cedit_open(int onError, int isDumb, int historySize, CEditComplete complete, void *context);
void cedit_close(CEdit *editor);

/// Reads one line; the text ends in a line feed and lives until the next call; NULL unless the outcome is `CEditLine`.
/// Parts of the prompt between two bytes 1 take no room on the screen.
const char *cedit_read(CEdit *editor, const char *prompt, CEditOutcome *outcome);

/// Adds an entry to the list that the arrow keys and Ctrl-R walk through.
void cedit_remember(CEdit *editor, const char *entry);

/// Within `CEditComplete`: deletes characters before the cursor, then inserts a text there.
void cedit_replace(CEdit *editor, int characters, const char *text);

/// Within `CEditComplete`: prints a text below the line, `rowsBelow` rows under the cursor's, and draws the line anew.
void cedit_show(CEdit *editor, int rowsBelow, const char *text);

/// From now on Ctrl-C (SIGINT) calls the function, in the signal handler, except while a line is being read.
/// A process that was started with SIGINT ignored keeps ignoring it.
void cedit_on_interrupt(void (*callback)(void *context), void *context);

/// Makes UTF-8 the character set if the environment names another one or none; returns 0 if the system has no UTF-8.
int cedit_use_utf8(void);

#endif
