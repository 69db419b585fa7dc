import Foundation
import KernelABI
import Testing

@testable import Runtime

@Suite("Adding a method") struct AddingAMethodTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  @Test("the page's method is the one that is compiled here")
  func pageIsTrue() throws {
    let page = try String(
      contentsOf: Self.folder.appendingPathComponent("../../../docs/adding-a-method.md"), encoding: .utf8)
    let source = try String(contentsOf: Self.folder.appendingPathComponent("VnormMethod.swift"), encoding: .utf8)
    let start = try #require(source.range(of: "extension MethodCard"))
    #expect(page.contains(source[start.lowerBound...].trimmingCharacters(in: .newlines)))
  }

  @Test("the page's method keeps what its summary says")
  func keeps() throws {
    let settings = Settings(method: "vnorm", values: ["budget": .budget(.tokens(5)), "recent": .int(2)], given: [])
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: 16)
    let cache = LayerCache(
      layer: 0, shape: shape, slots: try MethodCard.vnorm.fill(settings), kernels: InstructionSet.base.table)
    for length: Float in [3, 9, 1, 8, 2, 7, 0, 0] {
      cache.extend(by: 1)
      cache.store.append(
        head: 0, keys: [Float](repeating: 1, count: 16), values: [Float](repeating: length, count: 16), stride: 16,
        tokens: 1)
    }
    try cache.finishPrefill()
    #expect(cache.positions(head: 0) == [1, 3, 5, 6, 7])
  }
}
