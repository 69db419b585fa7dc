import Foundation
import Lang
import Runtime
import Synchronization

/// What commands work with: models, the store, progress and the flag that ends long work.
///
/// Safe to send: one thread interprets a session, and only it calls commands; `cancellation` alone is shared.
final class Workbench: @unchecked Sendable {
  let home: String
  let terminal: TerminalTraits
  let progress: any ProgressDisplay
  let models: ModelLibrary
  let encoders: EncoderLibrary
  let chinese: ChineseLibrary
  let vega: VegaLibrary
  let cancellation: Runtime.Cancellation
  private var opened: Store?
  /// The line of the shell that is running, as the store knows it.
  var typedLine: Int64?
  /// Lines of this session that ran to their end, for `save session.kvs`.
  var sessionLines: [String] = []
  /// Checks and runs a text in the session as if it stood in place of the command; set by whoever runs texts.
  var runSource: ((Source) throws -> Void)?
  /// Files that `source` is running, each by the one before it.
  var sourcing: [String] = []
  private let tensorMath = Mutex<TensorMath?>(nil)
  /// Whether runs take nothing from the store and keep nothing there: those of a session that repeats one.
  var recomputes = false
  /// What the latest run of the session ran.
  var latestRecord: RunRecord?
  /// Set when a command returned early because the user asked for it.
  var wasInterrupted = false

  /// - Parameter models: those of another session, whose model in use is taken over; a library of its own if nil.
  init(
    home: String, terminal: TerminalTraits, progress: any ProgressDisplay, cancellation: Runtime.Cancellation,
    models: ModelLibrary? = nil
  ) {
    self.home = home
    self.cancellation = cancellation
    self.terminal = terminal
    self.progress = progress
    self.models = models ?? ModelLibrary(home: home, cancellation: cancellation)
    encoders = EncoderLibrary(home: home, models: self.models)
    chinese = ChineseLibrary(home: home)
    vega = VegaLibrary(home: home)
  }

  /// Work that begins after the user ended other work of the same text, as in the next round of a loop, does not begin.
  ///
  /// - Throws: `CancellationProblem`.
  func checkInterrupted(at span: Span) throws {
    if wasInterrupted { throw CancellationProblem(span: span) }
  }

  /// What tensors are computed with, made when first needed.
  ///
  /// A policy asks for it from an engine's threads.
  ///
  /// - Throws: `RuntimeProblem` K601, K604.
  func math() throws -> TensorMath {
    try tensorMath.withLock { known in
      if let known { return known }
      let math = TensorMath(kernels: try InstructionSet.chosen(), pool: try models.threads())
      known = math
      return math
    }
  }

  /// The store under `home`, opened when first needed.
  ///
  /// - Throws: `RuntimeProblem` K501 if it cannot be opened or written.
  func store() throws -> Store {
    if let opened { return opened }
    let store = try Store(home: home)
    opened = store
    return store
  }
}
