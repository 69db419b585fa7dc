import Testing

@testable import Runtime

@Suite("cutting the middle of a prompt") struct MiddleTruncationTests {
  @Test(
    "the first half and the last half of the limit stay, as LongBench cuts",
    arguments: [
      (10, 10, Array(0..<10)), (10, 11, Array(0..<10)), (10, 4, [0, 1, 8, 9]), (10, 5, [0, 1, 8, 9]), (10, 2, [0, 9]),
      (10, 9, [0, 1, 2, 3, 6, 7, 8, 9]), (10, 1, [9]), (10, 0, []), (10, -3, []), (0, 0, []), (0, 5, []), (1, 1, [0]),
    ])
  func cuts(count: Int, limit: Int, kept: [Int]) {
    #expect(MiddleTruncation.truncateMiddle(Array(0..<count), limit: limit) == kept)
    let (head, tail) = MiddleTruncation.keptRanges(count: count, limit: limit)
    #expect(Array(head) + Array(tail) == kept)
  }
}
