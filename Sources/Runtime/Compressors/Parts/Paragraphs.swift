/// The paragraphs of a stretch of a prompt: parts that a blank line divides.
///
/// A paragraph ends where at least two line breaks, with nothing but white space between them, stand before the next
/// text. Without a tokenizer the stretch is one paragraph.
struct Paragraphs {
  struct Paragraph: Equatable {
    /// Tokens up to the next paragraph, white space at the end included.
    let whole: Range<Int>
    /// Tokens without that white space, at least one.
    let body: Range<Int>
  }

  let all: [Paragraph]

  init(_ ids: [Int32], in stretch: Range<Int>, bytes: (Int32) -> [UInt8]?) {
    var all: [Paragraph] = []
    var start = stretch.lowerBound
    /// Behind the last token with text.
    var end = start
    var breaks = 0
    func close(before next: Int) {
      guard next > start else { return }
      all.append(Paragraph(whole: start..<next, body: start..<(end > start ? end : next)))
      start = next
    }
    for place in stretch {
      let text = bytes(ids[place]) ?? []
      // Bytes that are no white space, or no bytes at all: text of its own.
      let isBlank = !text.isEmpty && text.allSatisfy(Self.isBlank)
      if !isBlank {
        if breaks >= 2, end > start { close(before: place) }
        end = place + 1
        breaks = text.reversed().prefix(while: Self.isBlank).count { $0 == 0x0A }
      } else {
        breaks += text.count { $0 == 0x0A }
      }
    }
    close(before: stretch.upperBound)
    self.all = all
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
