#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "CEdit.h"

CEditSignals cedit_signals;

static int wake[2] = {-1, -1};
static volatile sig_atomic_t isReading;
static _Atomic(void *) interruptContext;
static void (*_Atomic interruptCallback)(void *);

static const int noted[] = {SIGWINCH, SIGTSTP, SIGTERM, SIGHUP, SIGQUIT};
enum { notedCount = sizeof noted / sizeof noted[0] };
static struct sigaction before[notedCount];

static void note(int number) {
  int saved = errno;
  if (number == SIGINT && !isReading) {
    void (*callback)(void *) = atomic_load(&interruptCallback);
    if (callback) callback(atomic_load(&interruptContext));
    errno = saved;
    return;
  }
  switch (number) {
    case SIGINT: cedit_signals.interrupted = 1; break;
    case SIGWINCH: cedit_signals.resized = 1; break;
    case SIGTSTP: cedit_signals.suspended = 1; break;
    default: cedit_signals.ending = number; break;
  }
  // A full pipe is as good as one with a byte in it.
  ssize_t written = write(wake[1], "", 1);
  (void)written;
  errno = saved;
}

static void install(int number, void (*handler)(int), struct sigaction *old) {
  struct sigaction action = {0};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  // Work that is interrupted asks its flag; system calls of libraries that know nothing of it go on.
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, old);
}

int cedit_signals_descriptor(void) { return wake[0]; }

int cedit_signals_open(void) {
  if (wake[0] >= 0) return 1;
  int ends[2];
  if (pipe(ends) != 0) return 0;
  for (int index = 0; index < 2; index++) {
    fcntl(ends[index], F_SETFL, fcntl(ends[index], F_GETFL) | O_NONBLOCK);
    fcntl(ends[index], F_SETFD, FD_CLOEXEC);
  }
  wake[0] = ends[0];
  wake[1] = ends[1];
  return 1;
}

void cedit_signals_drain(void) {
  char bytes[64];
  while (read(wake[0], bytes, sizeof bytes) > 0) {
  }
}

void cedit_signals_begin(void) {
  cedit_signals_drain();
  cedit_signals.interrupted = 0;
  cedit_signals.resized = 0;
  cedit_signals.suspended = 0;
  cedit_signals.ending = 0;
  isReading = 1;
  for (int index = 0; index < notedCount; index++) {
    sigaction(noted[index], NULL, &before[index]);
    // nohup and shells without job control have reasons to ignore a signal.
    if (before[index].sa_handler == SIG_IGN) continue;
    install(noted[index], note, NULL);
  }
}

void cedit_signals_end(void) {
  for (int index = 0; index < notedCount; index++) sigaction(noted[index], &before[index], NULL);
  isReading = 0;
}

void cedit_signals_deliver(int number) {
  struct sigaction mine;
  install(number, SIG_DFL, &mine);
  raise(number);
  sigaction(number, &mine, NULL);
}

void cedit_on_interrupt(void (*callback)(void *), void *context) {
  atomic_store(&interruptCallback, NULL);
  atomic_store(&interruptContext, context);
  atomic_store(&interruptCallback, callback);
  struct sigaction old;
  sigaction(SIGINT, NULL, &old);
  if (old.sa_handler != SIG_IGN) install(SIGINT, note, NULL);
}
