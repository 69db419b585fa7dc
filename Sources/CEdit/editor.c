#include "editor.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>
#include <wchar.h>

#include "signals.h"

CEdit *cedit_owner(EditLine *line) {
  CEdit *editor = NULL;
  el_get(line, EL_CLIENTDATA, &editor);
  return editor;
}

static char *prompt(EditLine *line) { return cedit_owner(line)->prompt; }

void cedit_draw(CEdit *editor, CEditDraw reason) {
  if (editor->isDumb) return;
  if (editor->mustDrawAnew && reason == CEditDrawChange) reason = CEditDrawAnew;
  editor->mustDrawAnew = 0;
  const LineInfo *info = el_line(editor->line);
  editor->host.draw(
      editor->host.context, reason, info->buffer, (size_t)(info->lastchar - info->buffer),
      (size_t)(info->cursor - info->buffer));
}

/// Lets a signal act as it would have without an editor, with the terminal as it was.
static void yield(CEdit *editor, int number) {
  if (!editor->isDumb) {
    cedit_draw(editor, CEditDrawFinal);
    fputs("\033[?2004l", editor->output);
    fflush(editor->output);
  }
  el_set(editor->line, EL_PREP_TERM, 0);
  cedit_signals_deliver(number);
  el_set(editor->line, EL_PREP_TERM, 1);
  if (!editor->isDumb) {
    fputs("\033[?2004h", editor->output);
    fflush(editor->output);
    editor->mustDrawAnew = 1;
    cedit_draw(editor, CEditDrawAnew);
  }
}

/// Acts on what arrived; returns 1 if the line is to be given up.
static int attend(CEdit *editor) {
  cedit_signals_drain();
  if (cedit_signals.ending) {
    int number = cedit_signals.ending;
    cedit_signals.ending = 0;
    yield(editor, number);
  }
  if (cedit_signals.suspended) {
    cedit_signals.suspended = 0;
    yield(editor, SIGTSTP);
    if (editor->isDumb) el_set(editor->line, EL_REFRESH);
  }
  if (cedit_signals.resized) {
    cedit_signals.resized = 0;
    el_resize(editor->line);
    if (editor->isDumb) {
      fputs("\n", editor->output);
      el_set(editor->line, EL_REFRESH);
    } else {
      cedit_draw(editor, CEditDrawResized);
    }
  }
  return cedit_signals.interrupted;
}

int cedit_has_key(CEdit *editor, int milliseconds) {
  (void)editor;
  fd_set waiting;
  FD_ZERO(&waiting);
  FD_SET(STDIN_FILENO, &waiting);
  struct timeval limit = {milliseconds / 1000, milliseconds % 1000 * 1000};
  return select(STDIN_FILENO + 1, &waiting, NULL, NULL, &limit) > 0;
}

/// Waits for a key or a signal: libedit's own reader knows nothing of a pipe, and with its own signal handling it
/// would send every Ctrl-C to the whole process group again.
int cedit_read_character(EditLine *line, wchar_t *character) {
  CEdit *editor = cedit_owner(line);
  int wake = cedit_signals_descriptor();
  mbstate_t state;
  memset(&state, 0, sizeof state);
  // What is pasted or typed ahead is drawn once, at its end.
  if (!cedit_signals.interrupted && !cedit_has_key(editor, 0)) cedit_draw(editor, CEditDrawChange);
  for (;;) {
    if (cedit_signals.interrupted) {
      errno = EINTR;
      return -1;
    }
    fd_set waiting;
    FD_ZERO(&waiting);
    FD_SET(STDIN_FILENO, &waiting);
    FD_SET(wake, &waiting);
    int count = select(wake + 1, &waiting, NULL, NULL, NULL);
    if (count < 0 && errno != EINTR) return -1;
    if (count < 0 || FD_ISSET(wake, &waiting)) {
      attend(editor);
      continue;
    }
    char byte;
    ssize_t got = read(STDIN_FILENO, &byte, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) {
      editor->isAtEnd = 1;
      return 0;
    }
    size_t length = mbrtowc(character, &byte, 1, &state);
    if (length == (size_t)-2) continue;
    if (length == (size_t)-1) {
      // A byte that is no character is left out.
      memset(&state, 0, sizeof state);
      continue;
    }
    return 1;
  }
}

CEdit *cedit_open(int onError, int isDumb, int historySize, CEditHost host) {
  CEdit *editor = calloc(1, sizeof *editor);
  if (!editor) return NULL;
  editor->output = onError ? stderr : stdout;
  editor->isDumb = isDumb;
  editor->host = host;
  editor->complaints = fopen("/dev/null", "w");
  editor->canvas = isDumb ? editor->output : fopen("/dev/null", "w");
  editor->history = history_init();
  if (editor->complaints && editor->canvas && editor->history && cedit_signals_open()) {
    int screen = onError ? STDERR_FILENO : STDOUT_FILENO;
    editor->line = el_init_fd(
        "kvsh", stdin, editor->canvas, editor->complaints, STDIN_FILENO, screen, fileno(editor->complaints));
  }
  if (!editor->line || cedit_signals_descriptor() >= FD_SETSIZE) {
    cedit_close(editor);
    return NULL;
  }
  HistEvent event;
  history(editor->history, &event, H_SETSIZE, historySize);
  history(editor->history, &event, H_SETUNIQUE, 1);
  el_set(editor->line, EL_CLIENTDATA, editor);
  el_set(editor->line, EL_GETCFN, cedit_read_character);
  el_set(editor->line, EL_PROMPT, prompt);
  el_set(editor->line, EL_HIST, history, editor->history);
  cedit_bind(editor);
  return editor;
}

void cedit_close(CEdit *editor) {
  if (!editor) return;
  cedit_quiet_end();
  if (editor->line) el_end(editor->line);
  if (editor->history) history_end(editor->history);
  if (editor->canvas && editor->canvas != editor->output) fclose(editor->canvas);
  if (editor->complaints) fclose(editor->complaints);
  free(editor->prompt);
  free(editor->accepted);
  free(editor);
}

const char *cedit_read(CEdit *editor, const char *prompt, CEditOutcome *outcome) {
  free(editor->prompt);
  free(editor->accepted);
  editor->accepted = NULL;
  editor->prompt = strdup(prompt);
  editor->isAtEnd = 0;
  editor->mustDrawAnew = 1;
  *outcome = CEditEnd;
  if (!editor->prompt) return NULL;
  cedit_quiet_end();
  if (!editor->isDumb) {
    fputs("\033[?2004h", editor->output);
    fflush(editor->output);
  }
  cedit_signals_begin();
  // The window may have changed while a line was running.
  el_resize(editor->line);
  // libedit draws the prompt first: what is typed in between would be echoed twice, and Ctrl-D or Ctrl-R lost.
  el_set(editor->line, EL_PREP_TERM, 1);
  int count = 0;
  const char *text = el_gets(editor->line, &count);
  if (editor->accepted) text = editor->accepted;
  else if (count <= 0) text = NULL;
  cedit_draw(editor, cedit_signals.interrupted ? CEditDrawCancelled : CEditDrawFinal);
  cedit_signals_end();
  if (!editor->isDumb) fputs("\033[?2004l", editor->output);
  fflush(editor->output);
  if (cedit_signals.interrupted) {
    *outcome = CEditInterrupted;
    return NULL;
  }
  if (!text || editor->isAtEnd) return NULL;
  *outcome = CEditLine;
  return text;
}

void cedit_remember(CEdit *editor, const char *entry) {
  HistEvent event;
  history(editor->history, &event, H_ENTER, entry);
}

int cedit_use_utf8(void) {
  static const char *const names[] = {"", "C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"};
  for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
    if (setlocale(LC_CTYPE, names[index]) && strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return 1;
  }
  return 0;
}
