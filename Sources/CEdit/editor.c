#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>
#include <wchar.h>

#include "CEdit.h"
#include "signals.h"

struct CEdit {
  EditLine *line;
  History *history;
  FILE *output;
  /// Where libedit's own complaints go: nowhere.
  FILE *complaints;
  char *prompt;
  int isDumb;
  int isAtEnd;
  unsigned char answer;
  CEditComplete complete;
  void *context;
};

static CEdit *owner(EditLine *line) {
  CEdit *editor = NULL;
  el_get(line, EL_CLIENTDATA, &editor);
  return editor;
}

static char *prompt(EditLine *line) { return owner(line)->prompt; }

/// Acts on what arrived; returns 1 if the line is to be given up.
static int attend(CEdit *editor) {
  cedit_signals_drain();
  if (cedit_signals.ending) {
    int number = cedit_signals.ending;
    cedit_signals.ending = 0;
    el_set(editor->line, EL_PREP_TERM, 0);
    cedit_signals_deliver(number);
    el_set(editor->line, EL_PREP_TERM, 1);
  }
  if (cedit_signals.suspended) {
    cedit_signals.suspended = 0;
    el_set(editor->line, EL_PREP_TERM, 0);
    cedit_signals_deliver(SIGTSTP);
    el_set(editor->line, EL_PREP_TERM, 1);
    el_set(editor->line, EL_REFRESH);
  }
  if (cedit_signals.resized) {
    cedit_signals.resized = 0;
    fputs(editor->isDumb ? "\n" : "\r\033[J", editor->output);
    el_resize(editor->line);
    el_set(editor->line, EL_REFRESH);
  }
  return cedit_signals.interrupted;
}

/// Waits for a key or a signal: libedit's own reader knows nothing of a pipe, and with its own signal handling it
/// would send every Ctrl-C to the whole process group again.
static int readCharacter(EditLine *line, wchar_t *character) {
  CEdit *editor = owner(line);
  int wake = cedit_signals_descriptor();
  mbstate_t state;
  memset(&state, 0, sizeof state);
  for (;;) {
    fd_set waiting;
    FD_ZERO(&waiting);
    FD_SET(STDIN_FILENO, &waiting);
    FD_SET(wake, &waiting);
    int count = select(wake + 1, &waiting, NULL, NULL, NULL);
    if (count < 0 && errno != EINTR) return -1;
    if (count < 0 || FD_ISSET(wake, &waiting)) {
      if (attend(editor)) {
        errno = EINTR;
        return -1;
      }
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

static unsigned char completeKey(EditLine *line, int key) {
  (void)key;
  CEdit *editor = owner(line);
  const LineInfo *info = el_line(line);
  editor->answer = CC_REFRESH_BEEP;
  size_t length = (size_t)(info->lastchar - info->buffer);
  char *copy = malloc(length + 1);
  if (!copy) return CC_ERROR;
  memcpy(copy, info->buffer, length);
  copy[length] = 0;
  editor->complete(editor->context, editor, copy, length, (size_t)(info->cursor - info->buffer));
  free(copy);
  return editor->answer;
}

/// Takes a pasted block as one text, so that its tabs complete nothing and its line feeds end nothing.
static unsigned char pasteKey(EditLine *line, int key) {
  (void)key;
  static const wchar_t end[] = L"\033[201~";
  enum { endLength = 6 };
  size_t length = 0, capacity = 256;
  wchar_t *text = malloc(capacity * sizeof *text);
  if (!text) return CC_ERROR;
  wchar_t character;
  while (el_wgetc(line, &character) == 1) {
    if (length + 2 > capacity) {
      wchar_t *more = realloc(text, 2 * capacity * sizeof *text);
      if (!more) break;
      text = more;
      capacity *= 2;
    }
    text[length++] = character == L'\r' ? L'\n' : character == L'\t' ? L' ' : character;
    if (length >= endLength && wmemcmp(text + length - endLength, end, endLength) == 0) {
      length -= endLength;
      break;
    }
  }
  while (length > 0 && text[length - 1] == L'\n') length--;
  text[length] = 0;
  int failed = length > 0 && el_winsertstr(line, text) == -1;
  free(text);
  return failed ? CC_REFRESH_BEEP : CC_REFRESH;
}

static void bindKeys(CEdit *editor) {
  EditLine *line = editor->line;
  el_set(line, EL_EDITOR, "emacs");
  el_set(line, EL_ADDFN, "kvsh-complete", "Complete the word before the cursor", completeKey);
  el_set(line, EL_ADDFN, "kvsh-paste", "Insert a pasted block", pasteKey);
  el_set(line, EL_BIND, "^I", "kvsh-complete", NULL);
  el_set(line, EL_BIND, "^R", "em-inc-search-prev", NULL);
  el_set(line, EL_BIND, "^W", "ed-delete-prev-word", NULL);
  el_set(line, EL_BIND, "\033[3~", "ed-delete-next-char", NULL);
  el_set(line, EL_BIND, "\033[1;5C", "em-next-word", NULL);
  el_set(line, EL_BIND, "\033[1;5D", "ed-prev-word", NULL);
  el_set(line, EL_BIND, "\033[200~", "kvsh-paste", NULL);
  // The user's own ~/.editrc has the last word.
  el_source(line, NULL);
}

CEdit *cedit_open(int onError, int isDumb, int historySize, CEditComplete complete, void *context) {
  CEdit *editor = calloc(1, sizeof *editor);
  if (!editor) return NULL;
  editor->output = onError ? stderr : stdout;
  editor->isDumb = isDumb;
  editor->complete = complete;
  editor->context = context;
  editor->complaints = fopen("/dev/null", "w");
  editor->history = history_init();
  if (editor->complaints && editor->history && cedit_signals_open()) {
    editor->line = el_init("kvsh", stdin, editor->output, editor->complaints);
  }
  if (!editor->line || cedit_signals_descriptor() >= FD_SETSIZE) {
    cedit_close(editor);
    return NULL;
  }
  HistEvent event;
  history(editor->history, &event, H_SETSIZE, historySize);
  history(editor->history, &event, H_SETUNIQUE, 1);
  el_set(editor->line, EL_CLIENTDATA, editor);
  el_set(editor->line, EL_GETCFN, readCharacter);
  el_set(editor->line, EL_PROMPT_ESC, prompt, '\1');
  el_set(editor->line, EL_HIST, history, editor->history);
  bindKeys(editor);
  return editor;
}

void cedit_close(CEdit *editor) {
  if (!editor) return;
  if (editor->line) el_end(editor->line);
  if (editor->history) history_end(editor->history);
  if (editor->complaints) fclose(editor->complaints);
  free(editor->prompt);
  free(editor);
}

const char *cedit_read(CEdit *editor, const char *prompt, CEditOutcome *outcome) {
  free(editor->prompt);
  editor->prompt = strdup(prompt);
  editor->isAtEnd = 0;
  *outcome = CEditEnd;
  if (!editor->prompt) return NULL;
  if (!editor->isDumb) fputs("\033[?2004h", editor->output);
  cedit_signals_begin();
  // The window may have changed while a line was running.
  el_resize(editor->line);
  // libedit draws the prompt first: what is typed in between would be echoed twice, and Ctrl-D or Ctrl-R lost.
  el_set(editor->line, EL_PREP_TERM, 1);
  int count = 0;
  const char *text = el_gets(editor->line, &count);
  cedit_signals_end();
  if (!editor->isDumb) fputs("\033[?2004l", editor->output);
  fflush(editor->output);
  if (cedit_signals.interrupted) {
    *outcome = CEditInterrupted;
    return NULL;
  }
  if (!text || count <= 0 || editor->isAtEnd) return NULL;
  *outcome = CEditLine;
  return text;
}

void cedit_remember(CEdit *editor, const char *entry) {
  HistEvent event;
  history(editor->history, &event, H_ENTER, entry);
}

void cedit_replace(CEdit *editor, int characters, const char *text) {
  el_deletestr(editor->line, characters);
  editor->answer = *text && el_insertstr(editor->line, text) == -1 ? CC_REFRESH_BEEP : CC_REFRESH;
}

void cedit_show(CEdit *editor, int rowsBelow, const char *text) {
  for (int row = 0; row <= rowsBelow; row++) fputc('\n', editor->output);
  fputs(text, editor->output);
  fputc('\n', editor->output);
  el_set(editor->line, EL_REFRESH);
  editor->answer = CC_REFRESH;
}

int cedit_use_utf8(void) {
  static const char *const names[] = {"", "C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"};
  for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
    if (setlocale(LC_CTYPE, names[index]) && strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return 1;
  }
  return 0;
}
