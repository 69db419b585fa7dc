import KernelABI

/// What one step reads of a KV head: all of its slots, or the blocks in which some query row has selected a slot.
///
/// Blocks lie side by side in columns, in the order of the slots, so that a selection of everything has the columns, the
/// parts and the bits of attention to everything. A row is blind to the slots of a block that it has not selected itself:
/// each block is read once for all the rows of a group.
struct StepReading: BitwiseCopyable {
  /// Columns of scores.
  let columns: Int
  /// Numbers of the blocks, ascending; nil if column i is slot i.
  private let blocks: UnsafePointer<UInt32>?
  private let blockSlots: Int
  private let tokens: Int
  /// What each row selected, [rows, stride]; nil if every row has selected all the slots of all blocks.
  private let words: UnsafePointer<UInt32>?
  private let stride: Int

  /// Everything.
  init(all tokens: Int) {
    columns = tokens
    self.tokens = tokens
    blocks = nil
    blockSlots = 0
    words = nil
    stride = 0
  }

  /// Words of scratch that a selection among `tokens` slots takes.
  static func scratch(tokens: Int, rows: Int) -> Int { rows * SlotSelection.stride(tokens) + 2 * ((tokens + 31) / 32) }

  /// The selection in blocks of `blockSlots` slots, 16 or 32; their numbers are written behind the selection's words.
  init(_ selection: SlotSelection, blockSlots: Int) {
    let list = selection.words + selection.rows * selection.stride
    var count = 0
    var isMasked = false
    for block in 0..<(selection.tokens + blockSlots - 1) / blockSlots {
      let full = Self.full(block, blockSlots, selection.tokens)
      var any: UInt32 = 0
      var all = full
      for row in 0..<selection.rows {
        let bits = Self.bits(selection.words + row * selection.stride, block, blockSlots)
        any |= bits
        all &= bits
      }
      guard any != 0 else { continue }
      list[count] = UInt32(truncatingIfNeeded: block)
      count += 1
      if all != full { isMasked = true }
    }
    blocks = UnsafePointer(list)
    self.blockSlots = blockSlots
    tokens = selection.tokens
    words = isMasked ? UnsafePointer(selection.words) : nil
    stride = selection.stride
    let last = count > 0 ? Int(list[count - 1]) : 0
    columns = count == 0 ? 0 : (count - 1) * blockSlots + min(blockSlots, tokens - last * blockSlots)
  }

  var isAll: Bool { blocks == nil }

  @inline(__always)
  private static func bits(_ words: UnsafePointer<UInt32>, _ block: Int, _ blockSlots: Int) -> UInt32 {
    blockSlots == 32 ? words[block] : words[block / 2] &>> UInt32(block % 2 * 16) & 0xffff
  }

  /// The bits of a block whose slots are all selected.
  @inline(__always)
  private static func full(_ block: Int, _ blockSlots: Int, _ tokens: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: (1 << min(blockSlots, tokens - block * blockSlots)) - 1)
  }

  /// Calls `body` with each run of neighbouring slots and its first column; columns begin at a multiple of the blocks.
  @inline(__always)
  func runs(_ columns: Range<Int>, _ body: (_ slots: Range<Int>, _ column: Int) -> Void) {
    guard let blocks else { return body(columns, columns.lowerBound) }
    var index = columns.lowerBound / blockSlots
    let end = (columns.upperBound + blockSlots - 1) / blockSlots
    while index < end {
      let first = index
      index += 1
      while index < end, blocks[index] == blocks[index - 1] + 1 { index += 1 }
      let start = Int(blocks[first]) * blockSlots
      body(start..<min(tokens, start + (index - first) * blockSlots), first * blockSlots)
    }
  }

  /// Writes `value` at the columns of slots that a row has not selected; `line[0]` is the range's first column.
  func fill(_ line: UnsafeMutablePointer<Float>, _ columns: Range<Int>, row: Int, with value: Float) {
    guard let blocks, let words else { return }
    for index in columns.lowerBound / blockSlots..<(columns.upperBound + blockSlots - 1) / blockSlots {
      let block = Int(blocks[index])
      let full = Self.full(block, blockSlots, tokens)
      let bits = Self.bits(words + row * stride, block, blockSlots)
      guard bits != full else { continue }
      let target = line + index * blockSlots - columns.lowerBound
      for slot in 0..<min(blockSlots, tokens - block * blockSlots) where bits &>> UInt32(slot) & 1 == 0 {
        target[slot] = value
      }
    }
  }

  /// Bytes of a store that the step reads of a head.
  func readBytes(_ store: any LayerStore, head: Int, heads: Int) -> Int {
    var total = 0
    runs(0..<columns) { slots, _ in total += store.readBytes(head: head, tokens: slots, heads: heads) }
    return total
  }
}
