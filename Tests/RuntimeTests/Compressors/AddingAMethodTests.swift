import Foundation
import Testing

@testable import Runtime

@Suite("Adding a method") struct AddingAMethodTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  @Test("the page's method is the one that is compiled here")
  func pageIsTrue() throws {
    let page = try String(
      contentsOf: Self.folder.appendingPathComponent("../../../docs/adding-a-method.md"), encoding: .utf8)
    let source = try String(contentsOf: Self.folder.appendingPathComponent("StridedMethod.swift"), encoding: .utf8)
    let start = try #require(source.range(of: "extension MethodCard"))
    #expect(page.contains(source[start.lowerBound...].trimmingCharacters(in: .newlines)))
  }

  @Test("the page's method keeps what its summary says")
  func keeps() throws {
    let settings = Settings(method: "strided", values: ["every": .int(4), "recent": .int(3)], given: [])
    let policy = try #require(try MethodCard.strided.fill(settings).keep)
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: 16)
    let state = policy.makeState(shape: shape, layer: 0)
    let view = HeadView(positions: (0..<10).map { Int32($0) }, columnSums: [], seenTokens: 10)
    #expect(state.slotsAfterPrefill(head: 0, view) == [0, 4, 7, 8, 9])
    let short = HeadView(positions: [0, 1, 2], columnSums: [], seenTokens: 3)
    #expect(state.slotsAfterPrefill(head: 0, short) == nil)
  }
}
