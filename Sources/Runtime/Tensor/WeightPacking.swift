import KernelABI

/// A row-major quantised block format as the packer and the dequantiser see it.
protocol BlockFormat {
  static var type: GGUFType { get }
  static var layout: PackedLayout { get }
  /// Reads one block of the file.
  static func read(_ block: UnsafeRawPointer, _ unpacked: UnpackedBlock) -> BlockScales
}

/// Half-precision bits of a block's scale and minimum; of a super-block's, by which its integer scales are multiplied.
struct BlockScales {
  let scale: UInt16
  var minimum: UInt16 = 0
}

/// Room for the integers of a block.
struct UnpackedBlock {
  /// Unsigned codes, 32 or 256.
  let codes: UnsafeMutablePointer<UInt8>
  /// Integer scales of a super-block's parts; 16 at most.
  let scales: UnsafeMutablePointer<Int8>
  /// Integer minima of a super-block's parts; 16 at most.
  let minima: UnsafeMutablePointer<Int8>

  /// Calls `body` with room for any format's block.
  static func with(_ body: (UnpackedBlock) -> Void) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { codes in
      withUnsafeTemporaryAllocation(of: Int8.self, capacity: 32) { scales in
        guard let codes = codes.baseAddress, let scales = scales.baseAddress else { return }
        body(UnpackedBlock(codes: codes, scales: scales, minima: scales + 16))
      }
    }
  }
}

extension WeightMatrix {
  /// Repacks rows of blocks [outputs, inputs / blockElements] into panels; rows past the last get scale 0.
  ///
  /// `inputs` is a multiple of the format's block, which the tensor directory has checked.
  init<Format: BlockFormat>(
    _ format: Format.Type, _ source: UnsafeRawPointer, outputs: Int, inputs: Int, pool: WorkerPool
  ) {
    let layout = Format.layout
    let panels = (outputs + 15) / 16
    let blocks = inputs / 32
    let fileBlocks = inputs / Format.type.blockElements
    let buffer = AlignedBuffer<UInt8>(count: (panels + 1) / 2 * layout.pairBytes(blocks: blocks))
    pool.run(over: panels, grain: 4) { range in
      UnpackedBlock.with { unpacked in
        for panel in range where !pool.isCancelled {
          for lane in 0..<min(16, outputs - panel * 16) {
            let row = source + (panel * 16 + lane) * fileBlocks * Format.type.blockBytes
            let writer = LaneWriter(records: buffer.base, panel: panel, lane: lane, blocks: blocks, layout: layout)
            for block in 0..<fileBlocks {
              let scales = Format.read(row + block * Format.type.blockBytes, unpacked)
              writer.write(unpacked, scales, block: block)
            }
          }
        }
      }
    }
    self.init(storage: .packed(buffer, layout), outputs: outputs, inputs: inputs)
  }

  /// Repacks float rows [outputs, inputs]; `read` fills one row.
  init(
    element: FloatElement, outputs: Int, inputs: Int, pool: WorkerPool,
    row read: (Int, UnsafeMutablePointer<UInt8>) -> Void
  ) {
    let panels = (outputs + 15) / 16
    let size = element.bytes
    let buffer = AlignedBuffer<UInt8>(count: panels * inputs * 16 * size)
    pool.run(over: panels, grain: 4) { range in
      withUnsafeTemporaryAllocation(byteCount: inputs * size, alignment: 64) { scratch in
        guard let source = scratch.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        for panel in range where !pool.isCancelled {
          for lane in 0..<min(16, outputs - panel * 16) {
            read(panel * 16 + lane, source)
            let target = buffer.base + (panel * inputs * 16 + lane) * size
            for input in 0..<inputs {
              (target + input * 16 * size).update(from: source + input * size, count: size)
            }
          }
        }
      }
    }
    self.init(storage: .float(buffer, element), outputs: outputs, inputs: inputs)
  }
}

/// Lays the blocks of one output row into its lane of a panel, see `PackedLayout`.
private struct LaneWriter {
  let records: UnsafeMutableRawPointer
  let panel: Int
  let lane: Int
  let blocks: Int
  let layout: PackedLayout

  /// The `block`th block of the file: 32 inputs, or 256 with a header.
  func write(_ unpacked: UnpackedBlock, _ scales: BlockScales, block: Int) {
    guard layout.hasHeaders else {
      let record = record(block)
      write(unpacked.codes, into: record)
      store(scales.scale, record + layout.codeBytes)
      if layout.hasMinimum { store(scales.minimum, record + layout.codeBytes + 32) }
      return
    }
    let header = records + layout.headerOffset(panel: panel, block: 8 * block, blocks: blocks)
    store(scales.scale, header)
    if layout.hasMinimum { store(scales.minimum, header + 32) }
    for part in 0..<8 {
      let record = record(8 * block + part)
      write(unpacked.codes + 32 * part, into: record)
      let places = (record + layout.codeBytes + lane).assumingMemoryBound(to: Int8.self)
      for half in 0..<layout.parts {
        places[half * 16] = unpacked.scales[part * layout.parts + half]
        if layout.hasMinimum { places[(layout.parts + half) * 16] = unpacked.minima[part * layout.parts + half] }
      }
    }
  }

  private func record(_ block: Int) -> UnsafeMutableRawPointer {
    records + layout.recordOffset(panel: panel, block: block, blocks: blocks)
  }

  private func store(_ half: UInt16, _ place: UnsafeMutableRawPointer) {
    (place + lane * 2).storeBytes(of: half, as: UInt16.self)
  }

  private func write(_ codes: UnsafePointer<UInt8>, into record: UnsafeMutableRawPointer) {
    let bytes = record.assumingMemoryBound(to: UInt8.self)
    // Half-byte codes without minima are shifted by 4 as they are read.
    let shift = layout.codes == .nibbles && !layout.hasMinimum ? layout.shift - 4 : layout.shift
    for index in 0..<32 {
      let code = codes[index] << UInt8(shift)
      let step = index / 4
      if layout.codes == .bytes {
        bytes[step * 64 + lane * 4 + index % 4] = code
      } else {
        bytes[step / 2 * 64 + lane * 4 + index % 4] |= step % 2 == 0 ? code : code << 4
      }
    }
  }
}
