import CIntrinsics
import KernelABI

/// The weights of 16 output rows x 32 inputs as they lie in a panel, read one row at a time.
struct PackedRecord {
  private let record: UnsafeRawPointer
  private let header: UnsafeRawPointer
  private let layout: PackedLayout

  init(_ records: UnsafeRawPointer, panel: Int, block: Int, blocks: Int, layout: PackedLayout) {
    record = records + layout.recordOffset(panel: panel, block: block, blocks: blocks)
    header = records + layout.headerOffset(panel: panel, block: block, blocks: blocks)
    self.layout = layout
  }

  /// Writes the 32 weights of the output row `lane` as floats.
  func copy(lane: Int, into target: UnsafeMutablePointer<Float>) {
    let factor = 1 / Float(1 << layout.shift)
    let width = 32 / layout.parts
    for part in 0..<layout.parts {
      let scale = number(layout.codeBytes + part * layout.scaleBytes, header: 0, lane) * factor
      let minimum =
        layout.hasMinimum
        ? number(layout.codeBytes + (layout.parts + part) * layout.scaleBytes, header: 32, lane) : 0
      for index in part * width..<(part + 1) * width {
        target[index] = scale * Float(Int32(code(index, lane)) - (layout.hasMinimum ? 0 : 128)) + minimum
      }
    }
  }

  private func number(_ offset: Int, header headerOffset: Int, _ lane: Int) -> Float {
    func half(_ place: UnsafeRawPointer) -> Float { Half.float((place + lane * 2).loadUnaligned(as: UInt16.self)) }
    guard layout.hasHeaders else { return half(record + offset) }
    return half(header + headerOffset) * Float((record + offset + lane).load(as: Int8.self))
  }

  private func code(_ index: Int, _ lane: Int) -> UInt8 {
    let step = index / 4
    let row = step / (layout.codes == .bytes ? 1 : 2) * 64 + lane * 4 + index % 4
    let byte = (record + row).load(as: UInt8.self)
    let nibble = step % 2 == 0 ? byte & 15 : byte >> 4
    switch layout.codes {
    case .bytes: return byte
    case .nibbles: return layout.hasMinimum ? nibble : nibble << 4
    case .nonLinear: return kv_non_linear_code(Int32(nibble))
    }
  }
}
