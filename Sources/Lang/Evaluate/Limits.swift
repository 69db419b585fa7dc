import Foundation

/// Bounds that turn a runaway script into a problem; `try` does not catch it.
public struct Limits: Sendable {
  /// Calls within calls.
  public var callDepth = 1_000
  /// Passes of one loop.
  public var loopPasses = 1_000_000_000
  /// Passes and calls of a whole text; counted in thousands.
  public var steps = Int.max
  /// Elements of one list, with those of the lists in it.
  public var listElements = 50_000_000
  /// Bytes of one text.
  public var textBytes = 256 << 20
  /// Growth of the process while a text runs, without what the host's commands take.
  public var memoryBytes = Int(clamping: ProcessInfo.processInfo.physicalMemory / 2)
  /// Files importing files.
  public var importDepth = 32

  public init() {}

  /// Throws `Problem` K057 for a text of more bytes.
  func check(textBytes bytes: Int, at span: Span?) throws {
    if bytes > textBytes { throw Problem.textTooLong(textBytes, at: span) }
  }

  /// Throws `Problem` K049 for a list of more elements; the sum may not fit a whole number.
  func check(elements count: Int, _ more: Int = 0, at span: Span?) throws {
    if more > listElements || count > listElements - more { throw Problem.listTooLong(listElements, at: span) }
  }
}
