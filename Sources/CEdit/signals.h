#ifndef CEDIT_SIGNALS_H
#define CEDIT_SIGNALS_H

#include <signal.h>

/// What arrived while a line was being read.
typedef struct {
  volatile sig_atomic_t interrupted;
  volatile sig_atomic_t resized;
  volatile sig_atomic_t suspended;
  /// The signal that asks the process to end, or 0.
  volatile sig_atomic_t ending;
} CEditSignals;

extern CEditSignals cedit_signals;

/// Readable as soon as a signal arrived; -1 if there is no pipe.
int cedit_signals_descriptor(void);
int cedit_signals_open(void);
void cedit_signals_drain(void);

/// Between the two, signals are noted instead of acting.
void cedit_signals_begin(void);
void cedit_signals_end(void);

/// Lets a signal act as it would have without us.
void cedit_signals_deliver(int signal);

#endif
