/// One text that kvsh reads: a script, a line of the shell, a notebook cell.
public final class Source: Sendable {
  /// What a message calls the text: a path, or `<line 3>`.
  public let name: String
  public let text: String
  /// The text as UTF-8; every offset in a `Span` counts these bytes.
  public let bytes: [UInt8]
  /// Offset of the first byte of every line.
  public let lineStarts: [Int]

  public init(name: String, text: String) {
    self.name = name
    self.text = text
    bytes = Array(text.utf8)
    var starts = [0]
    for (offset, byte) in bytes.enumerated() where byte == 0x0A { starts.append(offset + 1) }
    lineStarts = starts
  }

  /// The line (from 0) that holds a byte offset.
  public func line(at offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  /// Byte range of a line without its line break.
  public func lineRange(_ line: Int) -> Range<Int> {
    guard line >= 0, line < lineStarts.count else { return 0..<0 }
    let start = lineStarts[line]
    var end = line + 1 < lineStarts.count ? lineStarts[line + 1] - 1 : bytes.count
    if end > start, bytes[end - 1] == 0x0D { end -= 1 }
    return start..<max(start, end)
  }

  /// Text of a byte range, clamped to the source.
  public func text(in range: Range<Int>) -> String {
    let lower = min(max(range.lowerBound, 0), bytes.count)
    let upper = min(max(range.upperBound, lower), bytes.count)
    return String(decoding: bytes[lower..<upper], as: UTF8.self)
  }
}

extension Source: Hashable {
  public static func == (left: Source, right: Source) -> Bool { left === right }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
