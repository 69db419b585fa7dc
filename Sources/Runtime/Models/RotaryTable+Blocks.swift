import KernelABI

extension RotaryTable {
  /// Calls `body` with the angles of blocks of 16 slots, of which there are `tokens`, at the given positions.
  ///
  /// A block's base is its first token's position; the ways from there are the same for all blocks whose tokens follow one
  /// another.
  func withTurns(blocks: Range<Int>, tokens: Int, position: (Int) -> Int, _ body: (BlockTurns) -> Void) {
    let pairCount = channels / 2
    func slots(_ block: Int) -> Range<Int> { block * 16..<min(tokens, block * 16 + 16) }
    let areEven = blocks.allSatisfy { block in
      slots(block).allSatisfy { position($0) - position(block * 16) == $0 - block * 16 }
    }
    let wayFloats = 2 * pairCount * 16
    let wayCount = areEven ? 1 : blocks.count
    withKernelScratch(of: Float.self, capacity: blocks.count * 2 * pairCount + wayCount * wayFloats) {
      guard let bases = $0.baseAddress else { return }
      let ways = bases + blocks.count * 2 * pairCount
      for (index, block) in blocks.enumerated() {
        let base = bases + index * 2 * pairCount
        withAngles(of: position(block * 16)) { cosines, sines in
          base.update(from: cosines, count: pairCount)
          (base + pairCount).update(from: sines, count: pairCount)
        }
      }
      for index in 0..<wayCount {
        let way = ways + index * wayFloats
        let block = slots(blocks.lowerBound + index)
        for lane in 0..<16 {
          let distance =
            areEven ? lane : lane < block.count ? position(block.lowerBound + lane) - position(block.lowerBound) : 0
          withAngles(of: distance) { cosines, sines in
            for pair in 0..<pairCount {
              way[pair * 16 + lane] = cosines[pair]
              way[(pairCount + pair) * 16 + lane] = sines[pair]
            }
          }
        }
      }
      body(
        BlockTurns(
          bases: bases, ways: ways, wayStride: areEven ? 0 : wayFloats, pairs: pairCount,
          pairStep: pairs == .adjacent ? 2 : 1, pairDistance: pairs == .adjacent ? 1 : pairCount))
    }
  }
}
