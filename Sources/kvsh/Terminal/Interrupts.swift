import CEdit

/// Ctrl-C while work is running.
enum Interrupts {
  /// From now on SIGINT interrupts the session, which lives as long as the process; at the prompt the editor sees it.
  static func stop(_ session: Session) {
    cedit_on_interrupt(
      { context in
        guard let context else { return }
        Unmanaged<Session>.fromOpaque(context).takeUnretainedValue().interrupt()
      }, Unmanaged.passRetained(session).toOpaque())
  }
}
