#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "CEdit.h"

static struct termios loud;
static volatile sig_atomic_t isQuiet;

/// Signals that end or stop the process; a crash must not leave a terminal that does not echo either.
static const int leaving[] = {SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
enum { leavingCount = sizeof leaving / sizeof leaving[0] };
static struct sigaction before[leavingCount];

static void hush(void) {
  struct termios quiet = loud;
  quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
  quiet.c_cc[VMIN] = 1;
  quiet.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
}

static void leave(int number) {
  tcsetattr(STDIN_FILENO, TCSANOW, &loud);
  struct sigaction action = {0}, mine;
  action.sa_handler = SIG_DFL;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, &mine);
  raise(number);
  // Only a stop comes back, when the user brings the process to the front again.
  sigaction(number, &mine, NULL);
  if (isQuiet) hush();
}

void cedit_quiet_begin(void) {
  static int isFirst = 1;
  if (isQuiet || tcgetattr(STDIN_FILENO, &loud) != 0) return;
  if (isFirst) atexit(cedit_quiet_end);
  isFirst = 0;
  isQuiet = 1;
  for (int index = 0; index < leavingCount; index++) {
    sigaction(leaving[index], NULL, &before[index]);
    // Whoever ignores a signal or handles it has reasons.
    if (before[index].sa_handler != SIG_DFL) continue;
    struct sigaction action = {0};
    action.sa_handler = leave;
    action.sa_flags = SA_RESTART | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(leaving[index], &action, NULL);
  }
  hush();
}

void cedit_quiet_end(void) {
  if (!isQuiet) return;
  isQuiet = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &loud);
  for (int index = 0; index < leavingCount; index++) {
    if (before[index].sa_handler == SIG_DFL) sigaction(leaving[index], &before[index], NULL);
  }
}
