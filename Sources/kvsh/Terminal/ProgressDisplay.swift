/// Shows the user how far a long piece of work is; may be called from any thread.
protocol ProgressDisplay: AnyObject, Sendable {
  /// The work stands there; call it at the start with what is done already, then as often as convenient.
  func update(_ state: ProgressState)
  /// The work ended, in whichever way: nothing of the display stays on the screen.
  func finish()
}
