/// A half-open range of UTF-8 bytes in one source.
public struct Span: Hashable, Sendable {
  public let source: Source
  public let start: Int
  public let end: Int

  public init(_ source: Source, _ start: Int, _ end: Int) {
    self.source = source
    self.start = start
    self.end = max(start, end)
  }

  public var text: String { source.text(in: start..<end) }

  /// The smallest span that covers both; a span of another source is ignored.
  public func union(_ other: Span) -> Span {
    guard other.source === source else { return self }
    return Span(source, min(start, other.start), max(end, other.end))
  }
}

extension Span: CustomStringConvertible {
  /// `file:line:column`, both from 1; the column counts characters.
  public var description: String {
    let line = source.line(at: start)
    let range = source.lineRange(line)
    let column = source.text(in: range.lowerBound..<max(range.lowerBound, start)).count + 1
    return "\(source.name):\(line + 1):\(column)"
  }
}
