import Synchronization

/// A flag that the host raises (also from a signal handler) and every loop looks at.
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  public init() {}

  public var isCancelled: Bool { flag.load(ordering: .relaxed) }

  public func cancel() { flag.store(true, ordering: .relaxed) }

  /// Lowers the flag before the next line.
  public func reset() { flag.store(false, ordering: .relaxed) }
}
