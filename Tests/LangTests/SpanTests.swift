import Testing

@testable import Lang

@Test("a span reads as file, line and column, counting characters")
func spanPosition() {
  let source = Source(name: "a.kvs", text: "let a = 1\nlet 字 = b\n")
  let start = source.bytes.count - 2
  #expect(Span(source, start, start + 1).description == "a.kvs:2:9")
}
