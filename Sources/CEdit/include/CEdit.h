#ifndef CEDIT_H
#define CEDIT_H

#include <stddef.h>
#include <stdint.h>

// The part of libedit that the shell uses, without variadic functions, and the signals that a line editor must see.
// One editor and one thread that reads; `cedit_on_interrupt` may be called from any thread.
//
// libedit edits the line and knows the user's keys; what stands on the screen is drawn by the host, because libedit has
// no colours and counts the columns of emoji as the C library does, not as terminals do. On a dumb terminal it draws.

typedef struct CEdit CEdit;

/// How reading a line ended.
typedef enum {
  CEditLine = 0,
  /// Ctrl-D on an empty line, or the terminal is gone.
  CEditEnd = 1,
  /// Ctrl-C.
  CEditInterrupted = 2,
} CEditOutcome;

/// Keys that the host answers; the rest is libedit's.
typedef enum {
  CEditTab = 0,
  CEditBackTab = 1,
  CEditEnter = 2,
  CEditLeft = 3,
  CEditRight = 4,
  CEditUp = 5,
  CEditDown = 6,
  CEditBackspace = 7,
  CEditDelete = 8,
  CEditSearch = 9,
  CEditClearScreen = 10,
  CEditHome = 11,
  CEditEndKey = 12,
} CEditKey;

/// Why a line is to be drawn.
typedef enum {
  /// It may have changed.
  CEditDrawChange = 0,
  /// The window has another size.
  CEditDrawResized = 1,
  /// The cursor stands at the beginning of an empty row.
  CEditDrawAnew = 2,
  /// The line is finished: the cursor goes to the row below it.
  CEditDrawFinal = 3,
  /// As `CEditDrawFinal`, after Ctrl-C.
  CEditDrawCancelled = 4,
} CEditDraw;

/// The host's side. `line` is UTF-8 and `cursor` counts its bytes.
typedef struct {
  void *context;
  /// Acts on a key with `cedit_replace`, `cedit_move`, `cedit_accept`, `cedit_repeat`, `cedit_show`, `cedit_beep`.
  void (*press)(void *context, CEdit *editor, CEditKey key, const char *line, size_t length, size_t cursor);
  /// Shows the line. Not called if the terminal is dumb.
  void (*draw)(void *context, CEditDraw reason, const char *line, size_t length, size_t cursor);
} CEditHost;

/// Reads lines from standard input and draws on standard output, or on standard error if `onError` is not 0.
/// NULL if there is no memory or no pipe. `isDumb`: send no escape sequences.
CEdit *cedit_open(int onError, int isDumb, int historySize, CEditHost host);
void cedit_close(CEdit *editor);

/// Reads one line; the text lives until the next call, may end in a line feed, and is NULL unless the outcome is
/// `CEditLine`. The prompt is libedit's to draw if the terminal is dumb.
const char *cedit_read(CEdit *editor, const char *prompt, CEditOutcome *outcome);

/// Adds an entry to the list that the arrow keys walk through.
void cedit_remember(CEdit *editor, const char *entry);

/// Within `press`: deletes characters before and behind the cursor, then inserts a text there; returns 0 if there is no
/// room for it.
int cedit_replace(CEdit *editor, int before, int behind, const char *text);

/// Within `press`: moves the cursor by characters.
void cedit_move(CEdit *editor, int characters);

/// Within `press`: the line is finished.
void cedit_accept(CEdit *editor);

/// Within `press`: does as if these keys were pressed next.
void cedit_repeat(CEdit *editor, const char *keys);

/// Within `press`: the next key as a Unicode scalar; 0 if reading ends (Ctrl-C, or the terminal is gone). The line is drawn.
uint32_t cedit_next_key(CEdit *editor);

/// Within `press`: whether a key arrives within some milliseconds.
int cedit_has_key(CEdit *editor, int milliseconds);

/// Within `press`, on a dumb terminal: prints a text below the line, `rowsBelow` rows under the cursor's, and the line anew.
void cedit_show(CEdit *editor, int rowsBelow, const char *text);

void cedit_beep(CEdit *editor);

/// From now on Ctrl-C (SIGINT) calls the function, in the signal handler, except while a line is being read.
/// A process that was started with SIGINT ignored keeps ignoring it.
void cedit_on_interrupt(void (*callback)(void *context), void *context);

/// While work runs, keys are kept for the next line and not echoed into what it prints. The terminal is as it was again
/// when a line is read, when the editor is closed, and when the process ends in whatever way it can notice.
void cedit_quiet_begin(void);
void cedit_quiet_end(void);

/// Makes UTF-8 the character set if the environment names another one or none; returns 0 if the system has no UTF-8.
int cedit_use_utf8(void);

#endif
