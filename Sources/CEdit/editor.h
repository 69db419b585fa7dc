#ifndef CEDIT_EDITOR_H
#define CEDIT_EDITOR_H

#include <histedit.h>
#include <stdio.h>

#include "CEdit.h"

struct CEdit {
  EditLine *line;
  History *history;
  /// Where the terminal is: standard output or standard error.
  FILE *output;
  /// Where libedit draws: nowhere, unless the terminal is dumb.
  FILE *canvas;
  /// Where libedit's own complaints go: nowhere.
  FILE *complaints;
  char *prompt;
  /// The line that Enter ended, when the host decides about Enter.
  char *accepted;
  int isDumb;
  int isAtEnd;
  /// What is on the screen is not what the host drew last.
  int mustDrawAnew;
  unsigned char answer;
  CEditHost host;
};

CEdit *cedit_owner(EditLine *line);

/// Binds the keys of the host and libedit's own.
void cedit_bind(CEdit *editor);

/// libedit asks this for every key.
int cedit_read_character(EditLine *line, wchar_t *character);

/// Hands the line to the host's `draw`.
void cedit_draw(CEdit *editor, CEditDraw reason);

#endif
