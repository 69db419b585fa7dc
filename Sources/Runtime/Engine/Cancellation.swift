import Synchronization

/// A flag that ends long work at its next layer or token; set from any thread or from a signal handler.
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  public init() {}

  public var isCancelled: Bool { flag.load(ordering: .relaxed) }
  public func cancel() { flag.store(true, ordering: .relaxed) }
  public func reset() { flag.store(false, ordering: .relaxed) }

  /// - Throws: `CancellationError` once the flag is set.
  public func check() throws {
    if isCancelled { throw CancellationError() }
  }
}
