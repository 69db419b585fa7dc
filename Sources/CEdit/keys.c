#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "editor.h"

static unsigned char press(EditLine *line, CEditKey key) {
  CEdit *editor = cedit_owner(line);
  const LineInfo *info = el_line(line);
  size_t length = (size_t)(info->lastchar - info->buffer);
  size_t cursor = (size_t)(info->cursor - info->buffer);
  char *copy = malloc(length + 1);
  if (!copy) return CC_ERROR;
  memcpy(copy, info->buffer, length);
  copy[length] = 0;
  editor->answer = CC_REFRESH;
  editor->host.press(editor->host.context, editor, key, copy, length, cursor);
  // The host has drawn the line at the top, also one that was typed ahead and never drawn before.
  if (key == CEditClearScreen) editor->mustDrawAnew = 0;
  free(copy);
  return editor->answer;
}

// libedit tells a function nothing but the character, and one character ends many sequences.
#define KEY(name, key) \
  static unsigned char name(EditLine *line, int character) { (void)character; return press(line, key); }
KEY(tab, CEditTab)
KEY(backTab, CEditBackTab)
KEY(enter, CEditEnter)
KEY(left, CEditLeft)
KEY(right, CEditRight)
KEY(up, CEditUp)
KEY(down, CEditDown)
KEY(backspace, CEditBackspace)
KEY(delete, CEditDelete)
KEY(search, CEditSearch)
KEY(clearScreen, CEditClearScreen)
KEY(home, CEditHome)
KEY(end, CEditEndKey)

/// Takes a pasted block as one text, so that its tabs complete nothing and its line feeds end nothing.
static unsigned char paste(EditLine *line, int character) {
  (void)character;
  static const wchar_t end[] = L"\033[201~";
  enum { endLength = 6 };
  size_t length = 0, capacity = 256;
  wchar_t *text = malloc(capacity * sizeof *text);
  if (!text) return CC_ERROR;
  wchar_t next;
  while (el_wgetc(line, &next) == 1) {
    if (length + 2 > capacity) {
      wchar_t *more = realloc(text, 2 * capacity * sizeof *text);
      if (!more) break;
      text = more;
      capacity *= 2;
    }
    text[length++] = next == L'\r' ? L'\n' : next == L'\t' ? L' ' : next;
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

typedef struct {
  const char *keys;
  const char *function;
} Binding;

static void bindAll(EditLine *line, const Binding *bindings, size_t count) {
  for (size_t index = 0; index < count; index++) {
    el_set(line, EL_BIND, bindings[index].keys, bindings[index].function, NULL);
  }
}

void cedit_bind(CEdit *editor) {
  EditLine *line = editor->line;
  static const struct {
    const char *name;
    const char *help;
    unsigned char (*function)(EditLine *, int);
  } functions[] = {
      {"kvsh-complete", "Complete the word before the cursor", tab},
      {"kvsh-complete-back", "The choice before", backTab},
      {"kvsh-paste", "Insert a pasted block", paste},
      {"kvsh-enter", "Finish the line, or go on if it is not complete", enter},
      {"kvsh-left", "Move left", left},
      {"kvsh-right", "Move right", right},
      {"kvsh-up", "Move up, or to the entry before", up},
      {"kvsh-down", "Move down, or to the entry behind", down},
      {"kvsh-backspace", "Delete to the left", backspace},
      {"kvsh-delete", "Delete under the cursor", delete},
      {"kvsh-search", "Search the entries", search},
      {"kvsh-clear", "Clear the screen", clearScreen},
      {"kvsh-home", "Move to the beginning of the line", home},
      {"kvsh-end", "Move to the end of the line", end},
  };
  static const Binding everywhere[] = {
      {"^I", "kvsh-complete"},           {"^R", "em-inc-search-prev"},    {"^W", "ed-delete-prev-word"},
      {"\033[3~", "ed-delete-next-char"}, {"\033[1;5C", "em-next-word"}, {"\033[1;5D", "ed-prev-word"},
      {"\033[1;3C", "em-next-word"},     {"\033[1;3D", "ed-prev-word"},  {"\033[200~", "kvsh-paste"},
  };
  // On a dumb terminal libedit draws, and what it draws fits only what it edits itself.
  static const Binding drawn[] = {
      {"\033[Z", "kvsh-complete-back"}, {"^J", "kvsh-enter"},        {"^M", "kvsh-enter"},
      {"^B", "kvsh-left"},              {"\033[D", "kvsh-left"},     {"\033OD", "kvsh-left"},
      {"^F", "kvsh-right"},             {"\033[C", "kvsh-right"},    {"\033OC", "kvsh-right"},
      {"\033[A", "kvsh-up"},            {"\033OA", "kvsh-up"},       {"\033[B", "kvsh-down"},
      {"\033OB", "kvsh-down"},          {"^?", "kvsh-backspace"},    {"^H", "kvsh-backspace"},
      {"\033[3~", "kvsh-delete"},       {"^R", "kvsh-search"},       {"^L", "kvsh-clear"},
      {"^A", "kvsh-home"},              {"\033[H", "kvsh-home"},     {"\033OH", "kvsh-home"},
      {"\033[1~", "kvsh-home"},         {"^E", "kvsh-end"},          {"\033[F", "kvsh-end"},
      {"\033OF", "kvsh-end"},           {"\033[4~", "kvsh-end"},
  };
  el_set(line, EL_EDITOR, "emacs");
  for (size_t index = 0; index < sizeof functions / sizeof functions[0]; index++) {
    el_set(line, EL_ADDFN, functions[index].name, functions[index].help, functions[index].function);
  }
  bindAll(line, everywhere, sizeof everywhere / sizeof everywhere[0]);
  if (!editor->isDumb) bindAll(line, drawn, sizeof drawn / sizeof drawn[0]);
  // The user's own ~/.editrc has the last word.
  el_source(line, NULL);
}

int cedit_replace(CEdit *editor, int before, int behind, const char *text) {
  if (behind > 0) el_cursor(editor->line, behind);
  el_deletestr(editor->line, before + behind);
  if (!*text || el_insertstr(editor->line, text) != -1) return 1;
  cedit_beep(editor);
  return 0;
}

void cedit_move(CEdit *editor, int characters) { el_cursor(editor->line, characters); }

void cedit_accept(CEdit *editor) {
  const LineInfo *info = el_line(editor->line);
  size_t length = (size_t)(info->lastchar - info->buffer);
  free(editor->accepted);
  editor->accepted = malloc(length + 1);
  if (!editor->accepted) return;
  memcpy(editor->accepted, info->buffer, length);
  editor->accepted[length] = 0;
  // The only answer that ends reading without libedit's own Enter, which an empty line would need.
  editor->answer = CC_EOF;
}

void cedit_repeat(CEdit *editor, const char *keys) {
  el_push(editor->line, keys);
  editor->answer = CC_NORM;
}

uint32_t cedit_next_key(CEdit *editor) {
  wchar_t key = 0;
  return el_wgetc(editor->line, &key) == 1 ? (uint32_t)key : 0;
}

void cedit_show(CEdit *editor, int rowsBelow, const char *text) {
  for (int row = 0; row <= rowsBelow; row++) fputc('\n', editor->output);
  fputs(text, editor->output);
  fputc('\n', editor->output);
  el_set(editor->line, EL_REFRESH);
}

void cedit_beep(CEdit *editor) {
  fputc('\a', editor->output);
  fflush(editor->output);
}
